package dev.nucleus.kernel;

/** The kernel or a C library answered with an error, or can't be reached. */
public final class KernelException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public KernelException(String message) {
        super(message);
    }
}
