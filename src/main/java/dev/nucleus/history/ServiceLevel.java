package dev.nucleus.history;

import dev.nucleus.spec.Objective;
import java.time.Duration;

/**
 * How a service stands against its objective.
 *
 * @param measured over the objective's time, as far as it was observed
 */
public record ServiceLevel(String fleet, String service, Objective objective, Availability measured) {

    /** How much of the error budget is spent: 1 is all of it, more is too much. Of the whole window's, observed or not. */
    public double spent() {
        Duration budget = objective.budget(objective.over());
        return (double) measured.unavailable().toNanos() / Math.max(1, budget.toNanos());
    }

    /** What is left of the error budget; negative when it is overspent. */
    public Duration left() {
        return objective.budget(objective.over()).minus(measured.unavailable());
    }
}
