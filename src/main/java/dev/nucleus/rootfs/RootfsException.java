package dev.nucleus.rootfs;

import dev.nucleus.failure.NucleusException;

/** Thrown when a root filesystem differs from its manifest, or can't be trusted, built or read. */
public final class RootfsException extends NucleusException {

    private static final long serialVersionUID = 1L;

    public RootfsException(String message) {
        super(message);
    }

    public RootfsException(String message, Throwable cause) {
        super(message, cause);
    }
}
