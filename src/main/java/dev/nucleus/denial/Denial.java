package dev.nucleus.denial;

import dev.nucleus.text.VisibleText;
import java.time.Instant;

/**
 * An operation that a container attempted and was denied.
 *
 * @param program name of the program, which it chooses itself
 * @param attempt the operation, such as {@code socket(AF_NETLINK)}
 * @param rule the mechanism that denied it
 * @param reason what the denial prevents
 * @param count how often
 */
public record Denial(
        String program, String attempt, String rule, String reason, long count, Instant first, Instant last) {

    /** Escapes what the program chooses: its name, and what it attempts. */
    public Denial {
        program = VisibleText.escape(program);
        attempt = VisibleText.escape(attempt);
    }
}
