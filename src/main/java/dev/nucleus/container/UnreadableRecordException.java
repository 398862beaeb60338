package dev.nucleus.container;

import java.util.Optional;

/** Thrown when a container's record can't be read or understood. */
final class UnreadableRecordException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient Optional<String> name;

    UnreadableRecordException(String message) {
        this(message, Optional.empty());
    }

    /** @param name of the container, if that much could be read */
    UnreadableRecordException(String message, Optional<String> name) {
        super(message);
        this.name = name;
    }

    Optional<String> name() {
        return name;
    }
}
