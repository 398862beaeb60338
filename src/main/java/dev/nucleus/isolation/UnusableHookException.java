package dev.nucleus.isolation;

/** A hook of the configuration can't be what it says: the manager does not start with it. */
final class UnusableHookException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnusableHookException(String message) {
        super(message);
    }
}
