package dev.nucleus.preparation;

/** A configured hook can't be used; the manager does not start. */
final class UnusableHookException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnusableHookException(String message) {
        super(message);
    }
}
