package dev.nucleus.integration;

import dev.nucleus.text.VisibleText;
import java.time.Instant;
import java.util.Locale;

/**
 * An event that operators are notified of.
 *
 * @param about a replica, or a service
 * @param text everything in one line
 */
public record Notification(Kind kind, Instant at, String about, String status, String cause, String text) {

    /** The kind; each sender can be configured for some of them. */
    public enum Kind {
        /** A replica crashed, failed, or is unhealthy. */
        DOWN,
        /** A replica is ready again. */
        RECOVERED,
        CRASH_LOOP,
        /** A replica has not been ready for a long time. */
        NOT_READY,
        /** A replica has been waiting for dependencies for a long time. */
        WAITING,
        FLAPPING,
        OUT_OF_MEMORY,
        /** A part of an error budget is spent. */
        BUDGET_LOW;

        /** The spelling in settings and messages. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** Escapes the texts, in which the cause may contain words of the workload. */
    public Notification {
        status = VisibleText.line(status);
        cause = VisibleText.line(cause);
        text = VisibleText.line(text);
    }

    boolean isProblem() {
        return kind != Kind.RECOVERED;
    }
}
