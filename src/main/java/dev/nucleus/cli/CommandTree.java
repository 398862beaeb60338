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
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine;

/**
 * Every command with its options: the one source for parsing, help, shell completion and manual pages. A command is
 * described to picocli on demand, because describing all of them takes longer than a launch.
 */
final class CommandTree {

    /** The manager's services that commands use. */
    record Services(
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

        /** For use outside a manager, where commands are described but not called. */
        @SuppressWarnings("NullAway")
        static Services absent() {
            return new Services(null, null, null, null, null, null, null, null, null, null, null, null);
        }
    }

    static final String RUN = "run";

    /** Commands that take a command line of the user's, whose options are not parsed. */
    private static final Set<String> WITH_COMMAND = Set.of(RUN, "create", "exec", "plan");

    /** Commands that need no manager, including their subcommands. */
    private static final Set<String> LOCAL = Set.of("fleet", "rootfs", "completion", "man", "help");

    private final Services services;
    private final Supplier<Session> session;
    private final Supplier<? extends Caller> caller;

    private CommandTree(Services services, Supplier<Session> session, Supplier<? extends Caller> caller) {
        this.services = services;
        this.session = session;
        this.caller = caller;
    }

    /** The command tree of a manager, in which every command can be called. */
    static CommandTree of(Services services, Supplier<Session> session) {
        return new CommandTree(services, session, session);
    }

    /** The command tree without a manager: only commands for which {@link #isLocal} is true can be called. */
    @SuppressWarnings("NullAway")
    static CommandTree without(Caller caller) {
        return new CommandTree(Services.absent(), () -> null, () -> caller);
    }

    /** The whole tree, for reading its descriptions only. */
    @SuppressWarnings("NullAway")
    static CommandLine described() {
        return new CommandTree(Services.absent(), () -> null, () -> null).whole();
    }

    /** @param command first word after nucleus */
    static boolean isLocal(String command) {
        return LOCAL.contains(command);
    }

    /** The tree with one command only; with all of them for help and for suggestions after a mistyped name. */
    CommandLine with(String command) {
        Supplier<CommandLine> asked = commands().get(command);
        return asked == null ? whole() : root(Map.of(command, asked));
    }

    private CommandLine whole() {
        return root(commands());
    }

    private static CommandLine root(Map<String, Supplier<CommandLine>> commands) {
        var root = new CommandLine(new NucleusCommand());
        commands.forEach((name, command) -> root.addSubcommand(name, command.get()));
        complete(root);
        return root;
    }

    /** Adds what all commands have in common. */
    private static void complete(CommandLine line) {
        CommandLine.Model.CommandSpec spec = line.getCommandSpec();
        spec.mixinStandardHelpOptions(false);
        spec.addOption(CommandLine.Model.OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("show this help")
                .build());
        spec.version(NucleusCommand.VERSION);
        if (spec.parent() == null) {
            spec.addOption(CommandLine.Model.OptionSpec.builder("-V", "--version")
                    .versionHelp(true)
                    .description("print the version")
                    .build());
        }
        spec.usageMessage().abbreviateSynopsis(true);
        // An argument that begins with @ is the user's, not an options file for the manager to read.
        line.setExpandAtFiles(false);
        line.setStopAtPositional(WITH_COMMAND.contains(spec.name()));
        line.setParameterExceptionHandler(CommandTree::mistake);
        line.getSubcommands().values().forEach(CommandTree::complete);
    }

    /** Reports a usage error briefly: the whole help text would hide it. */
    private static int mistake(CommandLine.ParameterException e, String[] arguments) {
        CommandLine line = e.getCommandLine();
        line.getErr()
                .println("nucleus: "
                        + (isUnknownCommand(e) ? "there is no command '" + arguments[0] + "'" : e.getMessage()));
        CommandLine.UnmatchedArgumentException.printSuggestions(e, line.getErr());
        line.getErr().println("See '" + line.getCommandSpec().qualifiedName() + " --help'.");
        return Failures.USAGE;
    }

    private static boolean isUnknownCommand(CommandLine.ParameterException e) {
        return e instanceof CommandLine.UnmatchedArgumentException unmatched
                && !unmatched.isUnknownOption()
                && e.getCommandLine().getParent() == null;
    }

    private Map<String, Supplier<CommandLine>> commands() {
        Containers containers = services.containers();
        Fleets fleets = services.fleets();
        var commands = new LinkedHashMap<String, Supplier<CommandLine>>();
        add(commands, RUN, () -> new RunCommand(containers, session));
        add(commands, "create", () -> new CreateCommand(containers, session.get()));
        add(commands, "start", () -> new StartCommand(containers, fleets, session.get()));
        add(commands, "stop", () -> new StopCommand(containers, fleets, session.get()));
        add(commands, "restart", () -> new RestartCommand(containers, fleets, session.get()));
        add(commands, "kill", () -> new KillCommand(containers, fleets, session.get()));
        commands.put("pause", () -> pause(true));
        commands.put("resume", () -> pause(false));
        add(commands, "wait", () -> new WaitCommand(containers, fleets, session.get()));
        add(commands, "rm", () -> new RmCommand(containers, fleets, session.get()));
        add(commands, "ps", () -> new PsCommand(containers, fleets, services.networkQueries(), session.get()));
        add(
                commands,
                "inspect",
                () -> new InspectCommand(
                        containers,
                        fleets,
                        services.usages(),
                        services.cgroups(),
                        services.networkQueries(),
                        session.get()));
        add(commands, "doctor", () -> new DoctorCommand(services.diagnosis(), session.get()));
        add(commands, "logs", () -> new LogsCommand(containers, fleets, session.get()));
        add(commands, "events", () -> new EventsCommand(services.events(), session.get()));
        add(commands, "top", () -> new TopCommand(containers, fleets, services.cgroups(), session.get()));
        add(commands, "stats", () -> new StatsCommand(containers, fleets, services.usages(), session.get()));
        add(commands, "exec", () -> new ExecCommand(containers, fleets, session.get()));
        add(commands, "cp", () -> new CopyCommand(containers, fleets, session.get()));
        add(commands, "attach", () -> new AttachCommand(containers, fleets, session.get()));
        add(
                commands,
                "denials",
                () -> new DenialsCommand(
                        containers, fleets, services.denials(), services.networkQueries(), session.get()));
        add(commands, "plan", () -> new PlanCommand(containers, fleets, session.get()));
        commands.put(
                "network",
                () -> new CommandLine(new NetworkCommand())
                        .addSubcommand(new NetworkLsCommand(services.networkQueries(), session.get()))
                        .addSubcommand(new NetworkInspectCommand(services.networkQueries(), session.get()))
                        .addSubcommand(
                                new NetworkWhyCommand(containers, fleets, services.networkQueries(), session.get()))
                        .addSubcommand(new NetworkEgressCommand(
                                containers, fleets, services.networks(), services.networkQueries(), session.get())));
        commands.put(
                "fleet",
                () -> new CommandLine(new FleetCommand()).addSubcommand(new FleetValidateCommand(caller.get())));
        commands.put(
                "policy",
                () -> new CommandLine(new PolicyCommand())
                        .addSubcommand(new PolicyLearnCommand(
                                containers, services.traces(), services.calls(), session.get())));
        commands.put(
                "rootfs",
                () -> new CommandLine(new RootfsCommand())
                        .addSubcommand(new RootfsBuildCommand(caller.get()))
                        .addSubcommand(new RootfsAttestCommand(caller.get()))
                        .addSubcommand(new RootfsVerifyCommand(caller.get())));
        commands.put(
                "audit",
                () -> new CommandLine(new AuditCommand())
                        .addSubcommand(new AuditVerifyCommand(services.trail(), session.get())));
        add(commands, "completion", () -> new CompletionCommand(caller.get()));
        add(commands, "man", () -> new ManCommand(caller.get()));
        add(commands, "help", () -> new HelpCommand(caller.get()));
        return commands;
    }

    private static void add(Map<String, Supplier<CommandLine>> commands, String name, Supplier<Object> command) {
        commands.put(name, () -> new CommandLine(command.get()));
    }

    private CommandLine pause(boolean pause) {
        var line = new CommandLine(new PauseCommand(services.containers(), services.fleets(), session.get(), pause));
        line.getCommandSpec()
                .usageMessage()
                .description(pause ? "Suspend all processes of containers." : "Resume paused containers.");
        return line;
    }
}
