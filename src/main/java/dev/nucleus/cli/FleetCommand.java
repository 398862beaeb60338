package dev.nucleus.cli;

import picocli.CommandLine;

/** {@code nucleus fleet …}. */
@CommandLine.Command(name = "fleet", description = "Work with fleet files.")
final class FleetCommand implements Runnable {

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "missing subcommand: validate");
    }
}
