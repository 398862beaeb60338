package dev.nucleus.spec;

import java.util.Locale;

/** The network a container sees. */
public enum Network {
    /** Its own loopback interface and nothing else. */
    NONE,
    /** The host's. Refused unless degraded security is asked for, and in production always. */
    HOST;

    public static Network parse(String text) {
        return switch (text) {
            case "none" -> NONE;
            case "host" -> HOST;
            default -> throw new InvalidSpecException("'" + text + "' is not a network; write none or host");
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
