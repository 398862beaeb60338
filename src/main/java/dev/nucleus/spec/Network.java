package dev.nucleus.spec;

import java.util.Locale;

/** The network a container sees. */
public enum Network {
    /** Its own loopback interface and nothing else. */
    NONE,
    /** The host's network. Refused unless degraded security is allowed, and always in production. */
    HOST,
    /** Networks of Nucleus, by an interface for each. */
    BRIDGE;

    public static Network parse(String text) {
        return switch (text) {
            case "none" -> NONE;
            case "host" -> HOST;
            case "bridge" -> BRIDGE;
            default -> throw new InvalidSpecException("'" + text + "' is not a network; write none, bridge or host");
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
