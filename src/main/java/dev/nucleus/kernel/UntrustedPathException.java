package dev.nucleus.kernel;

import java.nio.file.FileSystemException;

/** A path that leads through what somebody else than root, or the manager's own user, could have put there. */
public final class UntrustedPathException extends FileSystemException {

    private static final long serialVersionUID = 1L;

    UntrustedPathException(String component, String reason) {
        super(component, null, reason);
    }
}
