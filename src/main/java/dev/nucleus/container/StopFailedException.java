package dev.nucleus.container;

/**
 * Thrown when a container still runs after SIGKILL (a process in an uninterruptible wait dies only when the wait is over), or
 * when its workspace is still being copied back.
 */
public final class StopFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    StopFailedException(String message) {
        super(message);
    }
}
