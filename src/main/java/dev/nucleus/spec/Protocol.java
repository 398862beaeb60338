package dev.nucleus.spec;

import java.util.Locale;

/** A transport protocol with ports, by its number (RFC 5237). */
public enum Protocol {
    TCP(6),
    UDP(17);

    private final int number;

    Protocol(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    public static Protocol parse(String text) {
        return switch (text) {
            case "tcp" -> TCP;
            case "udp" -> UDP;
            default -> throw new InvalidSpecException("'" + text + "' is not a protocol; write tcp or udp");
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
