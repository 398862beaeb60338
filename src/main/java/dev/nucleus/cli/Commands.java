package dev.nucleus.cli;

import dev.nucleus.audit.AuditTrail;
import dev.nucleus.cgroup.CgroupRemoval;
import dev.nucleus.cgroup.CgroupUsages;
import dev.nucleus.container.Containers;
import dev.nucleus.container.Traces;
import dev.nucleus.denial.Denials;
import dev.nucleus.denial.SystemCalls;
import dev.nucleus.diagnosis.HostDiagnosis;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.network.NetworkQueries;
import dev.nucleus.network.Networks;
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

    private static final PrintWriter DISCARDED = new PrintWriter(Writer.nullWriter());
    private static final int MAX_CLEARED = 8;
    /** How often parsed arguments of finished runs are dropped. */
    private static final long FORGET_INTERVAL_MILLIS = 1_000;

    private final CommandTree.Services services;
    private final Queue<PreparedRun> cleared = new ConcurrentLinkedQueue<>();
    private final Queue<PreparedRun> finished = new ConcurrentLinkedQueue<>();

    /**
     * The {@code run} command, described to picocli in advance and reused: describing its fifty options takes a third
     * as long as a launch, and doing so after each launch would compete for CPU with the next one.
     */
    private record PreparedRun(CommandLine line, AtomicReference<@Nullable Session> caller) {

        void release() {
            caller.set(null);
            line.setOut(DISCARDED).setErr(DISCARDED).setExecutionExceptionHandler((exception, _, _) -> {
                throw exception;
            });
        }

        /** Drops the references to the last run's values: each parse resets every option to its initial value. */
        void forget() {
            line.parseArgs(CommandTree.RUN, "true");
        }
    }

    Commands(
            Containers containers,
            Fleets fleets,
            Denials denials,
            CgroupUsages usages,
            CgroupRemoval cgroups,
            Traces traces,
            SystemCalls calls,
            AuditTrail trail,
            EventLog events,
            Networks networks,
            NetworkQueries networkQueries,
            HostDiagnosis diagnosis) {
        this.services = new CommandTree.Services(
                containers,
                fleets,
                denials,
                usages,
                cgroups,
                traces,
                calls,
                trail,
                events,
                networks,
                networkQueries,
                diagnosis);
    }

    /** Loads the classes that the first command needs before it arrives. */
    void warmUp() {
        var help = List.of("run", "--help");
        try (SocketChannel nobody = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            commandLine(new Session(nobody), help).setOut(DISCARDED).execute(help.toArray(String[]::new));
        } catch (IOException e) {
            log.debug("the warm-up command failed: {}", e.toString());
        }
        prepare();
    }

    /** Prepares for the next command while no client is waiting. */
    void prepare() {
        if (cleared.isEmpty() && finished.isEmpty()) {
            cleared.add(describeRun());
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
        PreparedRun run = Optional.ofNullable(finished.poll())
                .or(() -> Optional.ofNullable(cleared.poll()))
                .orElseGet(this::describeRun);
        run.caller().set(session);
        try {
            return execute(run.line(), session, arguments);
        } finally {
            run.release();
            finished.add(run);
        }
    }

    /**
     * Drops the parsed arguments of finished runs, which may contain secrets, unless another run has replaced them
     * already.
     */
    @Scheduled(fixedDelay = FORGET_INTERVAL_MILLIS)
    void forget() {
        for (PreparedRun run = finished.poll(); run != null; run = finished.poll()) {
            if (cleared.size() < MAX_CLEARED) {
                run.forget();
                cleared.add(run);
            }
        }
    }

    private static int execute(CommandLine line, Session session, List<String> arguments) {
        PrintWriter errors = session.writer(true);
        // Only the name is logged: arguments may contain secrets.
        String name = arguments.isEmpty() ? "" : arguments.getFirst();
        line.setOut(session.writer(false)).setErr(errors);
        line.setExecutionExceptionHandler((exception, _, _) -> Failures.report(exception, name, errors));
        return line.execute(arguments.toArray(String[]::new));
    }

    private CommandLine commandLine(Session session, List<String> arguments) {
        return CommandTree.of(services, () -> session).with(arguments.isEmpty() ? "" : arguments.getFirst());
    }
}
