package dev.nucleus.spawner;

import java.io.IOException;

/** A shim that did not do what it was asked for: what it attempted, and what the system answered. */
public final class ShimException extends IOException {

    private static final long serialVersionUID = 1L;

    ShimException(String message) {
        super(message);
    }
}
