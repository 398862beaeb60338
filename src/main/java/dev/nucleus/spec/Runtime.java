package dev.nucleus.spec;

import java.util.Arrays;
import java.util.Locale;

/** Whose kernel answers a container's system calls. */
public enum Runtime {
    /** The host's, of which the layers leave little. */
    NATIVE,
    /** One of its own, in user space (gvisor.dev). */
    GVISOR;

    public static Runtime parse(String text) {
        return Arrays.stream(values())
                .filter(runtime -> runtime.toString().equals(text))
                .findFirst()
                .orElseThrow(() -> new InvalidSpecException("'" + text + "' is no runtime; write native or gvisor"));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
