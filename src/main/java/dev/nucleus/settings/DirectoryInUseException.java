package dev.nucleus.settings;

import java.nio.file.Path;

/** Another manager uses the directory. */
public final class DirectoryInUseException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    DirectoryInUseException(Path directory) {
        super("another manager uses " + directory);
    }
}
