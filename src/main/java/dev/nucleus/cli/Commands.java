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
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import picocli.CommandLine;

/** Runs a client's command. */
@Component
final class Commands {

    static final int REFUSED = Failures.REFUSED;

    private static final Logger log = LoggerFactory.getLogger(Commands.class);

    private static final PrintWriter NOWHERE = new PrintWriter(Writer.nullWriter());
    private static final int MOST_IDLE = 8;
    /** How long what a run said may stay in memory, at most; ms. */
    private static final long FORGOTTEN_AFTER = 1_000;

    private final CommandTree.Services services;
    private final Queue<PreparedRun> idle = new ConcurrentLinkedQueue<>();
    private final Queue<PreparedRun> used = new ConcurrentLinkedQueue<>();

    /**
     * {@code run}, described to picocli before anybody asks for it, and used again: its fifty options take a third of a launch,
     * or of a processor beside the next one.
     */
    private record PreparedRun(CommandLine line, AtomicReference<@Nullable Session> caller) {

        void release() {
            caller.set(null);
            line.setOut(NOWHERE).setErr(NOWHERE).setExecutionExceptionHandler((exception, _, _) -> {
                throw exception;
            });
        }

        /** Each parse begins with the initial value of every option; this one leaves nothing of the last in memory. */
        void forget() {
            line.parseArgs(CommandTree.RUN, "true");
        }
    }

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
            commandLine(new Session(nobody), help).setOut(NOWHERE).execute(help.toArray(String[]::new));
        } catch (IOException e) {
            log.debug("no first command: {}", e.toString());
        }
        prepare();
    }

    /** While nobody waits: what the next command will need. */
    void prepare() {
        if (idle.isEmpty() && used.isEmpty()) {
            idle.add(describeRun());
        }
    }

    private PreparedRun describeRun() {
        var caller = new AtomicReference<@Nullable Session>();
        CommandLine line = CommandTree.of(services, () -> Objects.requireNonNull(caller.get()))
                .with(CommandTree.RUN);
        return new PreparedRun(line, caller);
    }

    int execute(Session session, List<String> arguments) {
        String command = arguments.isEmpty() ? "" : arguments.getFirst();
        if (!command.equals(CommandTree.RUN)) {
            return execute(commandLine(session, arguments), session, arguments);
        }
        PreparedRun run = Optional.ofNullable(used.poll())
                .or(() -> Optional.ofNullable(idle.poll()))
                .orElseGet(this::describeRun);
        run.caller().set(session);
        try {
            return execute(run.line(), session, arguments);
        } finally {
            run.release();
            used.add(run);
        }
    }

    /** Arguments may hold secrets, which are not to stay for the next run. */
    @Scheduled(fixedDelay = FORGOTTEN_AFTER)
    void forget() {
        for (PreparedRun run = used.poll(); run != null; run = used.poll()) {
            if (idle.size() < MOST_IDLE) {
                run.forget();
                idle.add(run);
            }
        }
    }

    private static int execute(CommandLine line, Session session, List<String> arguments) {
        PrintWriter errors = session.writer(true);
        // For the log. Arguments may hold secrets.
        String name = arguments.isEmpty() ? "" : arguments.getFirst();
        line.setOut(session.writer(false)).setErr(errors);
        line.setExecutionExceptionHandler((exception, _, _) -> Failures.report(exception, name, errors));
        return line.execute(arguments.toArray(String[]::new));
    }

    private CommandLine commandLine(Session session, List<String> arguments) {
        return CommandTree.of(services, () -> session).with(arguments.isEmpty() ? "" : arguments.getFirst());
    }
}
