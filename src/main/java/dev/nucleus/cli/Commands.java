package dev.nucleus.cli;

import dev.nucleus.audit.AuditTrail;
import dev.nucleus.container.Containers;
import dev.nucleus.container.Denials;
import dev.nucleus.container.StopFailedException;
import dev.nucleus.container.Traces;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.isolation.CgroupUsages;
import dev.nucleus.isolation.SystemCalls;
import dev.nucleus.isolation.UnsupportedLayerException;
import dev.nucleus.policy.PolicyViolationException;
import dev.nucleus.rootfs.RootfsException;
import dev.nucleus.spawner.LaunchException;
import dev.nucleus.spawner.ShimException;
import dev.nucleus.spec.InvalidFleetException;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.workspace.WorkspaceException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import picocli.CommandLine;

/** Runs a client's command. */
@Component
final class Commands {

    /** What goes wrong before or instead of a workload; its own codes are passed on. */
    static final int REFUSED = 125;

    private static final Logger log = LoggerFactory.getLogger(Commands.class);
    private static final int USAGE = 2;

    private final Containers containers;
    private final Fleets fleets;
    private final Denials denials;
    private final CgroupUsages usages;
    private final Traces traces;
    private final SystemCalls calls;
    private final AuditTrail trail;
    private final AtomicReference<@Nullable PreparedRun> prepared = new AtomicReference<>();

    /** {@code run}, described to picocli before anybody asks for it: its forty options take a third of a launch. */
    private record PreparedRun(CommandLine line, AtomicReference<@Nullable Session> caller) {}

    Commands(
            Containers containers,
            Fleets fleets,
            Denials denials,
            CgroupUsages usages,
            Traces traces,
            SystemCalls calls,
            AuditTrail trail) {
        this.containers = containers;
        this.fleets = fleets;
        this.denials = denials;
        this.usages = usages;
        this.traces = traces;
        this.calls = calls;
        this.trail = trail;
    }

    /** Loads what the first command needs, before there is one. */
    void warmUp() {
        var help = List.of("run", "--help");
        try (SocketChannel nobody = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            commandLine(new PrintWriter(Writer.nullWriter()), new Session(nobody), help)
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
            var run = new CommandLine(new RunCommand(containers, () -> Objects.requireNonNull(caller.get())));
            prepared.set(new PreparedRun(new CommandLine(new NucleusCommand()).addSubcommand("run", run), caller));
        }
    }

    int execute(Session session, List<String> arguments) {
        PrintWriter errors = session.writer(true);
        // For the log. Arguments may hold secrets.
        String name = arguments.isEmpty() ? "" : arguments.getFirst();
        CommandLine line =
                commandLine(session.writer(false), session, arguments).setErr(errors);
        line.setExecutionExceptionHandler((exception, _, _) -> {
            switch (exception) {
                case InvalidSpecException e -> errors.println("nucleus: " + e.getMessage());
                case InvalidFleetException e -> {
                    errors.println(e.getMessage());
                    return USAGE;
                }
                case PolicyViolationException e ->
                    e.refusals().forEach(refusal -> errors.println("nucleus: " + refusal));
                case LaunchException e -> {
                    errors.println("nucleus: " + e.getMessage());
                    return launchCode(e);
                }
                case RootfsException e -> errors.println("nucleus: " + e.getMessage());
                case WorkspaceException e -> errors.println("nucleus: " + e.getMessage());
                case UnsupportedLayerException e -> errors.println("nucleus: " + e.getMessage());
                case StopFailedException e -> errors.println("nucleus: " + e.getMessage());
                case ShimException e -> errors.println("nucleus: " + e.getMessage());
                case ClientGoneException e -> log.debug("command '{}': {}", name, e.getMessage());
                case UncheckedIOException e -> errors.println("nucleus: " + e.getMessage());
                default -> {
                    log.error("command '{}' failed", name, exception);
                    errors.println("nucleus: " + exception + " (see the manager's log)");
                }
            }
            return REFUSED;
        });
        return line.execute(arguments.toArray(String[]::new));
    }

    /** As shells have it: 127 not found, 126 not executable. */
    private static int launchCode(LaunchException failure) {
        if (failure.step() != dev.nucleus.plan.LaunchStep.EXEC) {
            return REFUSED;
        }
        return failure.errno() == 2 ? 127 : 126;
    }

    /** With the one command that is asked for: to describe all of them to picocli takes longer than a launch. */
    private CommandLine commandLine(PrintWriter out, Session session, List<String> arguments) {
        PreparedRun run = !arguments.isEmpty() && arguments.getFirst().equals("run") ? prepared.getAndSet(null) : null;
        if (run != null) {
            run.caller().set(session);
            return run.line().setOut(out);
        }
        var line = new CommandLine(new NucleusCommand());
        Map<String, Supplier<CommandLine>> commands = commands(session);
        Supplier<CommandLine> asked = arguments.isEmpty() ? null : commands.get(arguments.getFirst());
        if (asked != null) {
            line.addSubcommand(arguments.getFirst(), asked.get());
        } else {
            // For help, and for what a word that is none was meant to be.
            commands.forEach((name, command) -> line.addSubcommand(name, command.get()));
        }
        line.setOut(out);
        return line;
    }

    private Map<String, Supplier<CommandLine>> commands(Session session) {
        var commands = new LinkedHashMap<String, Supplier<CommandLine>>();
        commands.put("run", () -> new CommandLine(new RunCommand(containers, () -> session)));
        commands.put("attach", () -> new CommandLine(new AttachCommand(containers, session)));
        commands.put("create", () -> new CommandLine(new CreateCommand(containers, session)));
        commands.put("start", () -> new CommandLine(new StartCommand(containers, session)));
        commands.put("ps", () -> new CommandLine(new PsCommand(containers, fleets, session)));
        commands.put("logs", () -> new CommandLine(new LogsCommand(containers, session)));
        commands.put("exec", () -> new CommandLine(new ExecCommand(containers, session)));
        commands.put("cp", () -> new CommandLine(new CopyCommand(containers, session)));
        commands.put("stop", () -> new CommandLine(new StopCommand(containers, fleets, session)));
        commands.put("rm", () -> new CommandLine(new RmCommand(containers, session)));
        commands.put("pause", () -> new CommandLine(new PauseCommand(containers, session, true)));
        commands.put("resume", () -> new CommandLine(new PauseCommand(containers, session, false)));
        commands.put("stats", () -> new CommandLine(new StatsCommand(containers, usages, session)));
        commands.put("denials", () -> new CommandLine(new DenialsCommand(containers, denials, session)));
        commands.put("plan", () -> new CommandLine(new PlanCommand(containers, fleets, session)));
        commands.put(
                "policy",
                () -> new CommandLine(new PolicyCommand())
                        .addSubcommand(new PolicyLearnCommand(containers, traces, calls, session)));
        commands.put(
                "rootfs",
                () -> new CommandLine(new RootfsCommand())
                        .addSubcommand(new RootfsBuildCommand(session))
                        .addSubcommand(new RootfsAttestCommand(session))
                        .addSubcommand(new RootfsVerifyCommand(session)));
        commands.put(
                "fleet", () -> new CommandLine(new FleetCommand()).addSubcommand(new FleetValidateCommand(session)));
        commands.put(
                "audit",
                () -> new CommandLine(new AuditCommand()).addSubcommand(new AuditVerifyCommand(trail, session)));
        return commands;
    }
}
