package dev.nucleus.cli;

import java.io.IOException;

/** The client disconnected before its command was done, so nothing can be reported to it. */
final class ClientDisconnectedException extends IOException {

    private static final long serialVersionUID = 1;

    ClientDisconnectedException(IOException cause) {
        super("the client disconnected: " + cause.getMessage(), cause);
    }
}
