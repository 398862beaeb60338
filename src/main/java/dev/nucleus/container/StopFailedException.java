package dev.nucleus.container;

/** A container still runs though it was killed: the kernel ends a process in an uninterruptible wait only after that. */
public final class StopFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    StopFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
