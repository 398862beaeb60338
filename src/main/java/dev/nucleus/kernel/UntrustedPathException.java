package dev.nucleus.kernel;

import java.nio.file.FileSystemException;

/** A path with a component that an untrusted user could have created or replaced. */
public final class UntrustedPathException extends FileSystemException {

    private static final long serialVersionUID = 1L;

    UntrustedPathException(String component, String reason) {
        super(component, null, reason);
    }
}
