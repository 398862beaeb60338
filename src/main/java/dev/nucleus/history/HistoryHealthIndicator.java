package dev.nucleus.history;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/** UNKNOWN while the history can't be written; that does not change the aggregate status. */
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
