package dev.nucleus.cli;

import picocli.CommandLine;

/** {@code nucleus policy} without a subcommand: a usage error. */
@CommandLine.Command(name = "policy", description = "Create security policies.")
final class PolicyCommand implements Runnable {

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "missing subcommand: learn");
    }
}
