package dev.nucleus.cli;

import picocli.CommandLine;

/** {@code nucleus audit} without a subcommand: a usage error. */
@CommandLine.Command(name = "audit", description = "Verify the audit trail.")
final class AuditCommand implements Runnable {

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "missing subcommand: verify");
    }
}
