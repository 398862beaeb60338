package dev.nucleus.spec;

import java.util.Arrays;
import java.util.Locale;

/** The purpose of a container, which decides how strict its confinement is. */
public enum Mode {
    /** Short-lived sandboxes. A layer that this host can't apply may be skipped on request. */
    AGENT,
    /** Untrusted short-lived code: every layer, or no launch. */
    STRICT_AGENT,
    /** Long-lived services: every layer, an attested root filesystem, limits, and an init. */
    PRODUCTION;

    public static Mode parse(String text) {
        return Arrays.stream(values())
                .filter(mode -> mode.toString().equals(text))
                .findFirst()
                .orElseThrow(() -> new InvalidSpecException(
                        "'" + text + "' is not a mode; write agent, strict-agent or production"));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
