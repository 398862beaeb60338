package dev.nucleus.cli;

import picocli.CommandLine;

/** What is said without a command. */
@CommandLine.Command(
        name = "nucleus",
        mixinStandardHelpOptions = true,
        version = "nucleus 0.1.0",
        synopsisSubcommandLabel = "COMMAND",
        description = "Runs hardened containers and fleets of them. The manager is found by --socket (first), "
                + "$NUCLEUS_SOCKET, or <run-dir>/nucleus.sock.")
final class NucleusCommand implements Runnable {

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
    }
}
