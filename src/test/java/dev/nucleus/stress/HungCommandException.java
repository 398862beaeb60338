package dev.nucleus.stress;

/** A command that exceeded its time limit; reported where it was detected. */
final class HungCommandException extends RuntimeException {

    private static final long serialVersionUID = 1;

    HungCommandException(String command) {
        super(command);
    }
}
