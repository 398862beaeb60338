package dev.nucleus.kernel;

/** The kernel or a C library returned an error, or the library can't be loaded. */
public final class KernelException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public KernelException(String message) {
        super(message);
    }
}
