package dev.nucleus.workspace;

/** A copy was aborted by {@link CopyCancellation}. */
public final class CopyCancelledException extends WorkspaceException {

    private static final long serialVersionUID = 1L;

    CopyCancelledException() {
        super("aborted by the operator");
    }
}
