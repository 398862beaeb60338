package dev.nucleus.spec;

import java.util.Arrays;
import java.util.Locale;

/** How far the code in a container is trusted not to attack the kernel. */
public enum Trust {
    /** Shares the host's kernel, with every confinement layer. */
    TRUSTED,
    /** Needs a kernel of its own (gVisor), or is not run. */
    UNTRUSTED;

    public static Trust parse(String text) {
        return Arrays.stream(values())
                .filter(trust -> trust.toString().equals(text))
                .findFirst()
                .orElseThrow(() ->
                        new InvalidSpecException("'" + text + "' is not a trust level; write trusted or untrusted"));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
