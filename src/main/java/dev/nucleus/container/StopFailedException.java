package dev.nucleus.container;

import dev.nucleus.failure.NucleusException;

/**
 * Thrown when a container still runs after SIGKILL (a process in an uninterruptible wait dies only when the wait is
 * over), or when its workspace is still being copied back.
 */
public final class StopFailedException extends NucleusException {

    private static final long serialVersionUID = 1L;

    private final boolean ended;

    /** @param ended see {@link #ended()} */
    StopFailedException(String message, boolean ended) {
        super(message);
        this.ended = ended;
    }

    /** Whether all its processes have exited, and only its workspace is still being copied back. */
    public boolean ended() {
        return ended;
    }
}
