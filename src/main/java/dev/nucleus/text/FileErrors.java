package dev.nucleus.text;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Why a file could not be used, in the words of an operator and not of Java. */
public final class FileErrors {

    private FileErrors() {}

    /** To follow the file's name and what was to be done with it. */
    public static String reason(IOException error) {
        return switch (error) {
            case NoSuchFileException _ -> "there is no such file";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default -> error.toString();
        };
    }
}
