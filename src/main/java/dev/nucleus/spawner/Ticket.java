package dev.nucleus.spawner;

import java.security.SecureRandom;

/**
 * Lets one client attach to the streams of one process in a container: once, within seconds. The manager announces it to the shim
 * and gives it to the client, which connects to the shim itself.
 */
public final class Ticket {

    /** As in native/src/shim/attach.h. */
    static final int BYTES = 16;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final byte[] bytes = new byte[BYTES];

    /** One that nobody can guess. */
    public Ticket() {
        RANDOM.nextBytes(bytes);
    }

    /** For the client and the shim alone. */
    public byte[] bytes() {
        return bytes.clone();
    }
}
