package dev.nucleus.history;

import dev.nucleus.spec.Objective;
import java.time.Duration;

/**
 * The availability of a service compared with its objective.
 *
 * @param measured availability over the objective's window, as far as it was observed
 */
public record ServiceLevel(String fleet, String service, Objective objective, Availability measured) {

    /** The spent part of the whole window's error budget, observed or not; more than 1: it is overspent. */
    public double spent() {
        Duration budget = objective.budget(objective.over());
        return (double) measured.unavailable().toNanos() / Math.max(1, budget.toNanos());
    }

    /** The rest of the error budget; negative if it is overspent. */
    public Duration left() {
        return objective.budget(objective.over()).minus(measured.unavailable());
    }
}
