package dev.nucleus.preparation;

import dev.nucleus.failure.NucleusException;

/** This host can't apply a layer that the container's mode requires. */
public final class UnsupportedLayerException extends NucleusException {

    private static final long serialVersionUID = 1L;

    public UnsupportedLayerException(String message) {
        super(message);
    }
}
