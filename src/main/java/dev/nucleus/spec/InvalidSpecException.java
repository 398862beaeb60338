package dev.nucleus.spec;

import dev.nucleus.failure.NucleusException;

/** A value that can't be used; the message says what it was and what would be right. */
public class InvalidSpecException extends NucleusException {

    private static final long serialVersionUID = 1L;

    public InvalidSpecException(String message) {
        super(message);
    }
}
