package dev.nucleus.spawner;

import java.io.IOException;
import java.time.Duration;

/** A shim accepted a request and did not answer in time: it is stopped, or the host is overloaded. */
public final class ShimTimeoutException extends IOException {

    private static final long serialVersionUID = 1L;

    ShimTimeoutException(Duration waited, IOException cause) {
        super("the shim does not answer: no word for " + waited.toSeconds() + " s", cause);
    }
}
