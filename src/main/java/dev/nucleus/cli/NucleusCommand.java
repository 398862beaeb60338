package dev.nucleus.cli;

import picocli.CommandLine;

/** {@code nucleus} without a command: a usage error. */
@CommandLine.Command(
        name = "nucleus",
        synopsisHeading = "Usage: ",
        customSynopsis = "nucleus [--socket=PATH] COMMAND [OPTIONS] [ARGUMENTS]",
        description = "Run hardened containers and fleets of them.",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "See 'nucleus COMMAND --help' and 'nucleus man COMMAND'.",
            "The manager is found by --socket, $NUCLEUS_SOCKET, or nucleus.sock in its run directory.",
            NucleusCommand.EXIT_CODES
        })
final class NucleusCommand implements Runnable {

    static final String VERSION = "nucleus 0.1.0";

    static final String EXIT_CODES =
            "Exit codes: 0 for success, 2 for an unknown command or option, a missing operand or a mistake "
                    + "in a fleet file, 125 when Nucleus refuses or fails; run, exec and attach pass on the code of the command, 126 if it can't be "
                    + "executed, 127 if it is not found, and 128 + N if signal N ended it.";

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec spec;

    @SuppressWarnings("UnusedVariable") // Declared for the help.
    @CommandLine.Option(
            names = "--socket",
            paramLabel = "PATH",
            description = "socket of the manager; read by the client, before the command")
    private String socket = "";

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "missing command");
    }
}
