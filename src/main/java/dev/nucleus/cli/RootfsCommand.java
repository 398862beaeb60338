package dev.nucleus.cli;

import picocli.CommandLine;

/** {@code nucleus rootfs …}. */
@CommandLine.Command(name = "rootfs", description = "Build and verify root filesystems.")
final class RootfsCommand implements Runnable {

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "missing subcommand: build, attest or verify");
    }
}
