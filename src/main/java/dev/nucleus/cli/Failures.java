package dev.nucleus.cli;

import dev.nucleus.container.StopFailedException;
import dev.nucleus.isolation.UnsupportedLayerException;
import dev.nucleus.policy.PolicyViolationException;
import dev.nucleus.rootfs.RootfsException;
import dev.nucleus.spawner.LaunchException;
import dev.nucleus.spawner.ShimException;
import dev.nucleus.spec.InvalidFleetException;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.text.FileErrors;
import dev.nucleus.text.VisibleText;
import dev.nucleus.workspace.WorkspaceException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a command that failed says, and its exit code. */
final class Failures {

    /** The exit code of what goes wrong before or instead of a workload; its own codes are passed on. */
    static final int REFUSED = 125;

    /** The exit code of a command line with a mistake. */
    static final int USAGE = 2;

    private static final Logger log = LoggerFactory.getLogger(Failures.class);

    private Failures() {}

    /**
     * Says what went wrong.
     *
     * @param command its name, for the log: arguments may hold secrets
     * @return the exit code
     */
    static int report(Exception exception, String command, PrintWriter errors) {
        switch (exception) {
            case InvalidFleetException e -> {
                errors.println(e.getMessage());
                return USAGE;
            }
            case PolicyViolationException e -> e.refusals().forEach(refusal -> errors.println("nucleus: " + refusal));
            case LaunchException e -> {
                errors.println("nucleus: " + e.getMessage());
                return e.exitCode();
            }
            case InvalidSpecException e -> errors.println("nucleus: " + e.getMessage());
            case RootfsException e -> errors.println("nucleus: " + e.getMessage());
            case WorkspaceException e -> errors.println("nucleus: " + e.getMessage());
            case UnsupportedLayerException e -> errors.println("nucleus: " + e.getMessage());
            case StopFailedException e -> errors.println("nucleus: " + e.getMessage());
            case ShimException e -> errors.println("nucleus: " + e.getMessage());
            case FileSystemException e ->
                errors.println("nucleus: "
                        + VisibleText.line(
                                Objects.requireNonNullElse(e.getFile(), command) + ": " + FileErrors.reason(e)));
            case UncheckedIOException e -> errors.println("nucleus: " + e.getMessage());
            case ClientGoneException e -> log.debug("command '{}': {}", command, e.getMessage());
            default -> {
                log.error("command '{}' failed", command, exception);
                errors.println("nucleus: " + exception + " (see the manager's log)");
            }
        }
        return REFUSED;
    }
}
