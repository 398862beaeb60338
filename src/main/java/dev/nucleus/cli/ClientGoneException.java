package dev.nucleus.cli;

import java.io.IOException;

/** The client of a command left before the command was done: nobody is there to be answered. */
final class ClientGoneException extends IOException {

    private static final long serialVersionUID = 1;

    ClientGoneException(IOException cause) {
        super("the client left: " + cause.getMessage(), cause);
    }
}
