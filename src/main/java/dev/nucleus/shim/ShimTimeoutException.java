package dev.nucleus.shim;

import java.io.IOException;
import java.time.Duration;

/** Thrown when a shim does not answer in time: it is suspended, or the host is overloaded. */
public final class ShimTimeoutException extends IOException {

    private static final long serialVersionUID = 1L;

    ShimTimeoutException(Duration waited, IOException cause) {
        super("the shim does not answer: no response for " + waited.toSeconds() + " s", cause);
    }
}
