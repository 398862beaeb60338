package dev.nucleus.audit;

/** An audit trail was tampered with; the message says where. */
public final class BrokenTrailException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    BrokenTrailException(String message) {
        super(message);
    }
}
