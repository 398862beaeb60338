package dev.nucleus.web;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.springframework.stereotype.Component;

/** Times as pages show them: UTC, to the second. */
@Component("times")
public final class Times {

    private static final DateTimeFormatter FORMAT =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneOffset.UTC);
    private static final int CLOCK_START = 11;
    private static final int CLOCK_END = 19;

    /** {@code 2026-11-24 16:20:24}. */
    public String show(Instant instant) {
        return FORMAT.format(instant);
    }

    /** {@code 1.3 ms}. */
    public String millis(Duration duration) {
        return String.format(Locale.ROOT, "%.1f ms", duration.toNanos() / 1e6);
    }

    /** The time of day in an RFC 3339 text. */
    public String clock(String time) {
        return timeOfDay(time);
    }

    static String timeOfDay(String time) {
        return time.length() > CLOCK_END ? time.substring(CLOCK_START, CLOCK_END) : time;
    }
}
