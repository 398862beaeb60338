package dev.nucleus.rootfs;

import java.io.IOException;

/** Thrown for a file with an ELF header for this machine, but inconsistent content. */
final class MalformedElfException extends IOException {

    private static final long serialVersionUID = 1L;

    MalformedElfException(String message) {
        super(message);
    }
}
