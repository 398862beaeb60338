package dev.nucleus.workspace;

import dev.nucleus.failure.NucleusException;

/** Thrown when a directory can't be copied or bound. */
public final class WorkspaceException extends NucleusException {

    private static final long serialVersionUID = 1L;

    public WorkspaceException(String message) {
        super(message);
    }

    public WorkspaceException(String message, Throwable cause) {
        super(message, cause);
    }
}
