package dev.nucleus.cli;

import picocli.CommandLine;

/** {@code nucleus audit}: what is said without a command. */
@CommandLine.Command(name = "audit", description = "Verify the audit trail.")
final class AuditCommand implements Runnable {

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing: verify");
    }
}
