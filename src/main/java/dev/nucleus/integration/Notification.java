package dev.nucleus.integration;

import dev.nucleus.text.VisibleText;
import java.time.Instant;
import java.util.Locale;

/**
 * Something that somebody should know.
 *
 * @param about a replica, or a service
 * @param text one line that says it all
 */
public record Notification(Kind kind, Instant at, String about, String status, String cause, String text) {

    /** What it is about; settings choose among them. */
    public enum Kind {
        /** A replica crashed, failed, or is unhealthy. */
        DOWN,
        /** It is ready again. */
        RECOVERED,
        CRASH_LOOP,
        /** It has not been ready for long. */
        NOT_READY,
        /** It has waited for others for long. */
        WAITING,
        FLAPPING,
        OUT_OF_MEMORY,
        /** A part of an error budget is spent. */
        BUDGET_LOW;

        /** As settings and messages spell it. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** A workload's own words may be among the cause. */
    public Notification {
        status = VisibleText.line(status);
        cause = VisibleText.line(cause);
        text = VisibleText.line(text);
    }

    boolean grave() {
        return kind != Kind.RECOVERED;
    }
}
