package dev.nucleus.spec;

import java.math.BigDecimal;
import java.time.Duration;

/**
 * How available each lasting service of a fleet should be: what is missing to 1 is its error budget.
 *
 * @param availability 0 to 1, both excluded
 * @param over the time that it is measured over, up to now
 */
public record Objective(double availability, Duration over) {

    public Objective {
        if (!(availability > 0 && availability < 1)) {
            throw new InvalidSpecException("an objective lies between 0 % and 100 %, such as 99.9%");
        }
        if (over.compareTo(Duration.ofMinutes(1)) < 0) {
            throw new InvalidSpecException("an objective is measured over a minute at least, such as 30d");
        }
    }

    /** Reads {@code 99.9%}. */
    public static double parseAvailability(String text) {
        if (!text.matches("\\d{1,3}(\\.\\d{1,6})? ?%")) {
            throw new InvalidSpecException("'" + text + "' is not an availability; write 99.9%");
        }
        return new BigDecimal(text.substring(0, text.length() - 1).strip())
                .movePointLeft(2)
                .doubleValue();
    }

    /** How much unavailability there may be within an observed time. */
    public Duration budget(Duration observed) {
        return Duration.ofNanos((long) (observed.toNanos() * (1 - availability)));
    }
}
