package dev.nucleus.spec;

import java.math.BigDecimal;
import java.time.Duration;

/**
 * The availability objective of a fleet's services, except jobs. The error budget is 1 minus the availability.
 *
 * @param availability 0 to 1, both excluded
 * @param over length of the window in which it is measured, up to now
 */
public record Objective(double availability, Duration over) {

    public Objective {
        if (!(availability > 0 && availability < 1)) {
            throw new InvalidSpecException("an availability must be between 0% and 100%, such as 99.9%");
        }
        if (over.compareTo(Duration.ofMinutes(1)) < 0) {
            throw new InvalidSpecException("an objective's window must be at least 1m, such as 30d");
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

    /** The unavailability that is allowed within an observed time. */
    public Duration budget(Duration observed) {
        return Duration.ofNanos((long) (observed.toNanos() * (1 - availability)));
    }
}
