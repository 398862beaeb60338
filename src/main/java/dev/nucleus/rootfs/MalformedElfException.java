package dev.nucleus.rootfs;

import java.io.IOException;

/** A file with the header of an ELF file for this machine, but with contradictory content. */
final class MalformedElfException extends IOException {

    private static final long serialVersionUID = 1L;

    MalformedElfException(String message) {
        super(message);
    }
}
