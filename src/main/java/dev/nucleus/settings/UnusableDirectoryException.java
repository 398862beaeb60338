package dev.nucleus.settings;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;

/** A directory of the manager, or the path of a socket, can't be used. */
public final class UnusableDirectoryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnusableDirectoryException(IOException cause) {
        super(describe(cause), cause);
    }

    private static String describe(IOException cause) {
        // The messages of file system exceptions contain little more than the path.
        return switch (cause) {
            case FileAlreadyExistsException e -> e.getFile() + " is a link or a file where a directory is needed";
            case AccessDeniedException e -> e.getFile() + " can't be used: permission denied (EACCES)";
            case FileSystemException e -> e.getFile() + " can't be used: " + e.getReason();
            default -> String.valueOf(cause.getMessage());
        };
    }
}
