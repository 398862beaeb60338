package dev.nucleus.cli;

import dev.nucleus.spec.Durations;
import dev.nucleus.spec.InvalidSpecException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.chrono.IsoChronology;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.TemporalAccessor;
import java.util.Locale;
import java.util.Optional;

/** Parses points in time given as options. */
final class TimeOption {

    private static final DateTimeFormatter TIME = new DateTimeFormatterBuilder()
            .parseCaseInsensitive()
            .append(DateTimeFormatter.ISO_LOCAL_DATE)
            .optionalStart()
            .appendLiteral('T')
            .append(DateTimeFormatter.ISO_LOCAL_TIME)
            .optionalStart()
            .appendOffsetId()
            .toFormatter(Locale.ROOT)
            .withResolverStyle(ResolverStyle.STRICT)
            .withChronology(IsoChronology.INSTANCE);

    private TimeOption() {}

    /**
     * Parses a time of RFC 3339 such as {@code 2026-05-01T12:00:00Z}, the same without an offset from UTC (then in the
     * time zone of this host), a date, or a duration before now such as {@code 10m}.
     *
     * @param option its name, for the error
     * @throws InvalidSpecException when it is none of them
     */
    static Instant parse(String option, String text, Instant now) {
        return time(text)
                .or(() -> ago(text, now))
                .orElseThrow(() -> new InvalidSpecException(option + ": '" + text
                        + "' is neither a time such as 2026-05-01T12:00:00Z, 2026-05-01T12:00 or 2026-05-01 nor a duration such as"
                        + " 10m or 2h30m"));
    }

    private static Optional<Instant> time(String text) {
        try {
            TemporalAccessor read = TIME.parseBest(text, OffsetDateTime::from, LocalDateTime::from, LocalDate::from);
            return Optional.of(
                    switch (read) {
                        case OffsetDateTime time -> time.toInstant();
                        case LocalDateTime time ->
                            time.atZone(ZoneId.systemDefault()).toInstant();
                        default ->
                            ((LocalDate) read)
                                    .atStartOfDay(ZoneId.systemDefault())
                                    .toInstant();
                    });
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    private static Optional<Instant> ago(String text, Instant now) {
        try {
            return Optional.of(now.minus(Durations.parse(text)));
        } catch (InvalidSpecException | DateTimeException | ArithmeticException e) {
            return Optional.empty();
        }
    }
}
