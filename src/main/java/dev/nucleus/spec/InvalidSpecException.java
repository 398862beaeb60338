package dev.nucleus.spec;

import dev.nucleus.failure.NucleusException;

/** An invalid value; the message quotes it and says what is valid. */
public class InvalidSpecException extends NucleusException {

    private static final long serialVersionUID = 1L;

    public InvalidSpecException(String message) {
        super(message);
    }
}
