package dev.nucleus.text;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Describes why a file could not be used, in an operator's words rather than Java's. */
public final class FileErrors {

    private FileErrors() {}

    /** The reason, to be appended to the file's name and the attempted operation. */
    public static String reason(IOException error) {
        return switch (error) {
            case NoSuchFileException _ -> "there is no such file";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default -> error.toString();
        };
    }
}
