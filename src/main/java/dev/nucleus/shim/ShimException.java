package dev.nucleus.shim;

import java.io.IOException;

/** A request that a shim could not carry out: what it attempted, and the system's error. */
public final class ShimException extends IOException {

    private static final long serialVersionUID = 1L;

    ShimException(String message) {
        super(message);
    }
}
