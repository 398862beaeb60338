package dev.nucleus.shim;

import java.security.SecureRandom;

/**
 * Lets one client attach to the streams of one process in a container: once, within seconds. The manager announces it
 * to the shim and gives it to the client, which connects to the shim itself.
 */
public final class Ticket {

    /** As in native/src/shim/attach.h. */
    static final int BYTES = 16;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final byte[] bytes = new byte[BYTES];

    /** Creates a random ticket, which can't be guessed. */
    public Ticket() {
        RANDOM.nextBytes(bytes);
    }

    /** The ticket's bytes, which only the client and the shim may know. */
    public byte[] bytes() {
        return bytes.clone();
    }
}
