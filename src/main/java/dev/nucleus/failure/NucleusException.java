package dev.nucleus.failure;

import java.util.List;

/**
 * A failure that is reported to an operator as it is. Its message says what was attempted, on what, what the system answered,
 * and what to do.
 */
public abstract class NucleusException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** The exit code of a failure before or instead of a workload, whose own codes are passed on. */
    public static final int REFUSED = 125;

    protected NucleusException(String message) {
        super(message);
    }

    protected NucleusException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The exit code of a command that fails with it. */
    public int exitCode() {
        return REFUSED;
    }

    /** The lines to print on standard error. */
    public List<String> lines() {
        return List.of("nucleus: " + getMessage());
    }
}
