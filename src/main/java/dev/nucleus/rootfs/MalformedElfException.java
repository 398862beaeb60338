package dev.nucleus.rootfs;

import java.io.IOException;

/** A file begins as an ELF file for this machine, and what it says of itself can't be true. */
final class MalformedElfException extends IOException {

    private static final long serialVersionUID = 1L;

    MalformedElfException(String message) {
        super(message);
    }
}
