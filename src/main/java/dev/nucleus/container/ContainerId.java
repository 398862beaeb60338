package dev.nucleus.container;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** IDs of containers, never used twice: 128 random bits as 32 hexadecimal digits. */
final class ContainerId {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int BYTES = 16;
    private static final Pattern FORM = Pattern.compile("[0-9a-f]{32}");

    private ContainerId() {}

    static String next() {
        var bytes = new byte[BYTES];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** Whether a file name has the form of a container ID. */
    static boolean isId(String text) {
        return FORM.matcher(text).matches();
    }
}
