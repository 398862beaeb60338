package dev.nucleus.kernel;

import java.nio.file.FileSystemException;

/** A path has a component that a user who is not trusted could have created or replaced. */
public final class UntrustedPathException extends FileSystemException {

    private static final long serialVersionUID = 1L;

    UntrustedPathException(String component, String reason) {
        super(component, null, reason);
    }
}
