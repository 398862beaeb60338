package dev.nucleus.cli;

import picocli.CommandLine;

/** {@code nucleus network …}. */
@CommandLine.Command(
        name = "network",
        description = "Show networks, explain who reaches whom, and change what containers reach.")
final class NetworkCommand implements Runnable {

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "missing subcommand: ls, inspect, why or egress");
    }
}
