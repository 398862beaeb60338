package dev.nucleus.spec;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Durations as fleet files write them: {@code 200ms}, {@code 5s}, {@code 1m30s}; never a bare number. */
public final class Durations {

    /**
     * A hundred years: twice that plus the current time fits into the 63 bits of nanoseconds in which values of {@link
     * System#nanoTime()} are compared, and once into the longest delay of an executor.
     */
    public static final Duration MAX = Duration.ofDays(36_500);

    private static final Pattern FORMAT =
            Pattern.compile("(?:(\\d{1,6})d)?(?:(\\d{1,6})h)?(?:(\\d{1,6})m(?!s))?(?:(\\d{1,9})s)?(?:(\\d{1,9})ms)?");

    private Durations() {}

    public static Duration parse(String text) {
        var matcher = FORMAT.matcher(text.strip());
        if (text.isBlank() || !matcher.matches()) {
            throw new InvalidSpecException(
                    "'" + text + "' is not a duration; write it with its unit, such as 500ms, " + "10s or 1m30s");
        }
        return check(
                text,
                Duration.ofDays(number(matcher.group(1)))
                        .plusHours(number(matcher.group(2)))
                        .plusMinutes(number(matcher.group(3)))
                        .plusSeconds(number(matcher.group(4)))
                        .plusMillis(number(matcher.group(5))));
    }

    /** Reads a number of seconds, as Kubernetes writes durations. */
    public static Duration parseSeconds(String text) {
        if (!text.matches("\\d{1,18}")) {
            throw new InvalidSpecException("'" + text + "' is not a number of seconds, such as 10");
        }
        return check(text, Duration.ofSeconds(Long.parseLong(text)));
    }

    /**
     * Checks the duration of a setting, which may be longer than any clock counts.
     *
     * @throws InvalidSpecException when it is negative or longer than {@link #MAX}
     */
    public static Duration requireCountable(String setting, Duration duration) {
        if (duration.isNegative() || duration.compareTo(MAX) > 0) {
            throw new InvalidSpecException(setting + " is " + duration + "; it must be between 0s and " + format(MAX));
        }
        return duration;
    }

    private static Duration check(String text, Duration duration) {
        if (duration.compareTo(MAX) > 0) {
            throw new InvalidSpecException("'" + text + "' is longer than " + format(MAX)
                    + ", the longest duration that is supported; write a shorter one");
        }
        return duration;
    }

    /**
     * Nanoseconds for a deadline by {@link System#nanoTime()}: at most a quarter of its range (73 years), so that sums
     * of a few of them don't overflow. Never negative.
     */
    public static long nanos(Duration duration) {
        return Math.clamp(TimeUnit.NANOSECONDS.convert(duration), 0, Long.MAX_VALUE / 4);
    }

    private static long number(@Nullable String digits) {
        return digits == null ? 0 : Long.parseLong(digits);
    }

    /** The shortest text that {@link #parse} reads back. */
    public static String format(Duration duration) {
        var text = new StringBuilder();
        append(text, duration.toDays(), "d");
        append(text, duration.toHoursPart(), "h");
        append(text, duration.toMinutesPart(), "m");
        append(text, duration.toSecondsPart(), "s");
        append(text, duration.toMillisPart(), "ms");
        return text.isEmpty() ? "0s" : text.toString();
    }

    private static void append(StringBuilder text, long value, String unit) {
        if (value > 0) {
            text.append(value).append(unit);
        }
    }
}
