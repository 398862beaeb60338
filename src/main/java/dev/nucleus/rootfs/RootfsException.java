package dev.nucleus.rootfs;

import dev.nucleus.failure.NucleusException;

/** A root filesystem is not what its manifest says, or can't be trusted, built or read. */
public final class RootfsException extends NucleusException {

    private static final long serialVersionUID = 1L;

    public RootfsException(String message) {
        super(message);
    }

    public RootfsException(String message, Throwable cause) {
        super(message, cause);
    }
}
