package dev.nucleus.failure;

import java.util.List;

/**
 * A failure whose message is shown to an operator unchanged. The message says what was attempted, on what, what the
 * system answered, and what to do.
 */
public abstract class NucleusException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** The exit code when Nucleus fails before or instead of running a workload, whose own exit codes are passed on. */
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
