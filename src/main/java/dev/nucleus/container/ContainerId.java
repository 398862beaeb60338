package dev.nucleus.container;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Names of containers that are never given twice: 128 random bits as 32 hexadecimal digits. */
final class ContainerId {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int BYTES = 16;

    private ContainerId() {}

    static String next() {
        var bytes = new byte[BYTES];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
