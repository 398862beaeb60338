package dev.nucleus.workspace;

import dev.nucleus.failure.NucleusException;

/** Thrown when a directory can't be copied or bound. */
public sealed class WorkspaceException extends NucleusException permits CopyCancelledException {

    private static final long serialVersionUID = 1L;

    public WorkspaceException(String message) {
        super(message);
    }

    public WorkspaceException(String message, Throwable cause) {
        super(message, cause);
    }
}
