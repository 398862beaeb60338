package dev.nucleus.cli;

import dev.nucleus.failure.NucleusException;
import dev.nucleus.shim.ShimException;
import dev.nucleus.text.FileErrors;
import dev.nucleus.text.VisibleText;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The messages and exit codes of commands that failed. */
final class Failures {

    static final int REFUSED = NucleusException.REFUSED;

    /** The exit code of a usage error. */
    static final int USAGE = 2;

    private static final Logger log = LoggerFactory.getLogger(Failures.class);

    private Failures() {}

    /**
     * Prints an error message for the failure.
     *
     * @param command its name, for the log: arguments may contain secrets
     * @return the exit code
     */
    static int report(Exception exception, String command, PrintWriter errors) {
        switch (exception) {
            case NucleusException e -> {
                e.lines().forEach(errors::println);
                return e.exitCode();
            }
            case ShimException e -> errors.println("nucleus: " + e.getMessage());
            case FileSystemException e ->
                errors.println("nucleus: "
                        + VisibleText.line(
                                Objects.requireNonNullElse(e.getFile(), command) + ": " + FileErrors.reason(e)));
            case UncheckedIOException e -> errors.println("nucleus: " + e.getMessage());
            case ClientDisconnectedException e -> log.debug("command '{}': {}", command, e.getMessage());
            default -> {
                log.error("command '{}' failed", command, exception);
                errors.println("nucleus: " + exception + " (see the manager's log)");
            }
        }
        return REFUSED;
    }
}
