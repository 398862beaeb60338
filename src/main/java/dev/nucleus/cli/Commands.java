package dev.nucleus.cli;

import dev.nucleus.audit.AuditTrail;
import dev.nucleus.container.Containers;
import dev.nucleus.container.Denials;
import dev.nucleus.container.Traces;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.isolation.CgroupRemains;
import dev.nucleus.isolation.CgroupUsages;
import dev.nucleus.isolation.SystemCalls;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import picocli.CommandLine;

/** Runs a client's command. */
@Component
final class Commands {

    static final int REFUSED = Failures.REFUSED;

    private static final Logger log = LoggerFactory.getLogger(Commands.class);

    private final CommandTree.Services services;
    private final AtomicReference<@Nullable PreparedRun> prepared = new AtomicReference<>();

    /** {@code run}, described to picocli before anybody asks for it: its forty options take a third of a launch. */
    private record PreparedRun(CommandLine line, AtomicReference<@Nullable Session> caller) {}

    Commands(
            Containers containers,
            Fleets fleets,
            Denials denials,
            CgroupUsages usages,
            CgroupRemains cgroups,
            Traces traces,
            SystemCalls calls,
            AuditTrail trail,
            EventLog events) {
        this.services =
                new CommandTree.Services(containers, fleets, denials, usages, cgroups, traces, calls, trail, events);
    }

    /** Loads what the first command needs, before there is one. */
    void warmUp() {
        var help = List.of("run", "--help");
        try (SocketChannel nobody = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            commandLine(new Session(nobody), help)
                    .setOut(new PrintWriter(Writer.nullWriter()))
                    .execute(help.toArray(String[]::new));
        } catch (IOException e) {
            log.debug("no first command: {}", e.toString());
        }
        prepare();
    }

    /** While nobody waits: what the next command will need. */
    void prepare() {
        if (prepared.get() == null) {
            var caller = new AtomicReference<@Nullable Session>();
            CommandLine line = CommandTree.of(services, () -> Objects.requireNonNull(caller.get()))
                    .with(CommandTree.RUN);
            prepared.set(new PreparedRun(line, caller));
        }
    }

    int execute(Session session, List<String> arguments) {
        PrintWriter errors = session.writer(true);
        // For the log. Arguments may hold secrets.
        String name = arguments.isEmpty() ? "" : arguments.getFirst();
        CommandLine line =
                commandLine(session, arguments).setOut(session.writer(false)).setErr(errors);
        line.setExecutionExceptionHandler((exception, _, _) -> Failures.report(exception, name, errors));
        return line.execute(arguments.toArray(String[]::new));
    }

    private CommandLine commandLine(Session session, List<String> arguments) {
        String command = arguments.isEmpty() ? "" : arguments.getFirst();
        PreparedRun run = command.equals(CommandTree.RUN) ? prepared.getAndSet(null) : null;
        if (run != null) {
            run.caller().set(session);
            return run.line();
        }
        return CommandTree.of(services, () -> session).with(command);
    }
}
