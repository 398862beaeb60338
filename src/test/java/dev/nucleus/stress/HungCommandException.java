package dev.nucleus.stress;

/** A command that did not end within its bound; reported where it was noticed. */
final class HungCommandException extends RuntimeException {

    private static final long serialVersionUID = 1;

    HungCommandException(String command) {
        super(command);
    }
}
