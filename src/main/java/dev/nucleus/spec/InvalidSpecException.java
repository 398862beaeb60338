package dev.nucleus.spec;

/** A value that can't be used; the message says what it was and what would be right. */
public class InvalidSpecException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    public InvalidSpecException(String message) {
        super(message);
    }
}
