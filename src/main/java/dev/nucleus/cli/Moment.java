package dev.nucleus.cli;

import dev.nucleus.spec.Durations;
import dev.nucleus.spec.InvalidSpecException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;

/** Points in time as options name them. */
final class Moment {

    private Moment() {}

    /**
     * Reads RFC 3339, such as {@code 2026-05-01T12:00:00Z}, or how long ago it was, such as {@code 10m}.
     *
     * @param option for the error
     * @throws InvalidSpecException when it is neither
     */
    static Instant parse(String option, String text, Instant now) {
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException notATime) {
            try {
                return now.minus(Durations.parse(text));
            } catch (InvalidSpecException | DateTimeException | ArithmeticException neither) {
                throw new InvalidSpecException(option + ": '" + text
                        + "' is neither a time such as 2026-05-01T12:00:00Z nor a duration such as 10m or 2h30m");
            }
        }
    }
}
