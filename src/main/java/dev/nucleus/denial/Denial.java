package dev.nucleus.denial;

import dev.nucleus.text.VisibleText;
import java.time.Instant;

/**
 * An operation that a container attempted and was denied.
 *
 * @param program which called itself so
 * @param attempt what was tried, such as {@code socket(AF_NETLINK)}
 * @param rule what refused it
 * @param reason what the refusal keeps away
 * @param count how often
 */
public record Denial(
        String program, String attempt, String rule, String reason, long count, Instant first, Instant last) {

    /** A program chooses what it calls itself, and what it tries. */
    public Denial {
        program = VisibleText.escape(program);
        attempt = VisibleText.escape(attempt);
    }
}
