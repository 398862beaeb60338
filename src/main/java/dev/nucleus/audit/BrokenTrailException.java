package dev.nucleus.audit;

/** An audit trail that was tampered with, and where. */
public final class BrokenTrailException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    BrokenTrailException(String message) {
        super(message);
    }
}
