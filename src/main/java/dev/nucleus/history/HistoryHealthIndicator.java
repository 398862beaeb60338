package dev.nucleus.history;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/** Shows that the history can't be kept. That takes nobody's traffic away: UNKNOWN weighs nothing among others. */
@Component
final class HistoryHealthIndicator implements HealthIndicator {

    private final History history;

    HistoryHealthIndicator(History history) {
        this.history = history;
    }

    @Override
    public Health health() {
        return history.problem()
                .map(problem -> Health.unknown().withDetail("warning", problem).build())
                .orElseGet(() -> Health.up().build());
    }
}
