package dev.nucleus.spec;

import java.util.Arrays;
import java.util.Locale;

/** The kernel that handles a container's system calls. */
public enum Runtime {
    /** The host's kernel, little of which the confinement layers leave reachable. */
    NATIVE,
    /** A kernel of the container's own, in user space (gvisor.dev). */
    GVISOR;

    public static Runtime parse(String text) {
        return Arrays.stream(values())
                .filter(runtime -> runtime.toString().equals(text))
                .findFirst()
                .orElseThrow(() -> new InvalidSpecException("'" + text + "' is not a runtime; write native or gvisor"));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
