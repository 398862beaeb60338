package dev.nucleus.cli;

import dev.nucleus.container.Containers;
import dev.nucleus.container.Denials;
import dev.nucleus.container.Traces;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.isolation.CgroupUsages;
import dev.nucleus.isolation.SystemCalls;
import dev.nucleus.isolation.UnsupportedLayerException;
import dev.nucleus.policy.PolicyViolationException;
import dev.nucleus.rootfs.RootfsException;
import dev.nucleus.spawner.LaunchException;
import dev.nucleus.spec.InvalidFleetException;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.workspace.WorkspaceException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
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

    Commands(
            Containers containers,
            Fleets fleets,
            Denials denials,
            CgroupUsages usages,
            Traces traces,
            SystemCalls calls) {
        this.containers = containers;
        this.fleets = fleets;
        this.denials = denials;
        this.usages = usages;
        this.traces = traces;
        this.calls = calls;
    }

    /** Loads what the first command needs, before there is one. */
    void warmUp() {
        CommandLine line = commandLine(new PrintWriter(java.io.Writer.nullWriter()), null);
        line.execute("run", "--help");
    }

    int execute(Session session, List<String> arguments) {
        PrintWriter errors = session.writer(true);
        CommandLine line = commandLine(session.writer(false), session).setErr(errors);
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
                case UncheckedIOException e -> errors.println("nucleus: " + e.getMessage());
                default -> {
                    log.error("command {} failed", arguments, exception);
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

    private CommandLine commandLine(PrintWriter out, @org.jspecify.annotations.Nullable Session session) {
        var line = new CommandLine(new NucleusCommand());
        if (session != null) {
            line.addSubcommand(new RunCommand(containers, session))
                    .addSubcommand(new AttachCommand(containers, session))
                    .addSubcommand(new CreateCommand(containers, session))
                    .addSubcommand(new StartCommand(containers, session))
                    .addSubcommand(new PsCommand(containers, fleets, session))
                    .addSubcommand(new LogsCommand(containers, session))
                    .addSubcommand(new ExecCommand(containers, session))
                    .addSubcommand(new StopCommand(containers, fleets, session))
                    .addSubcommand(new RmCommand(containers, session))
                    .addSubcommand("pause", new PauseCommand(containers, session, true))
                    .addSubcommand("resume", new PauseCommand(containers, session, false))
                    .addSubcommand(new StatsCommand(containers, usages, session))
                    .addSubcommand(new DenialsCommand(containers, denials, session))
                    .addSubcommand(new PlanCommand(containers, fleets, session))
                    .addSubcommand(new CommandLine(new PolicyCommand())
                            .addSubcommand(new PolicyLearnCommand(containers, traces, calls, session)))
                    .addSubcommand(new CommandLine(new RootfsCommand())
                            .addSubcommand(new RootfsBuildCommand(session))
                            .addSubcommand(new RootfsAttestCommand(session))
                            .addSubcommand(new RootfsVerifyCommand(session)))
                    .addSubcommand(
                            new CommandLine(new FleetCommand()).addSubcommand(new FleetValidateCommand(session)));
        } else {
            line.addSubcommand("run", new CommandLine.HelpCommand());
        }
        line.setOut(out);
        return line;
    }
}
