package dev.nucleus.health;

import java.util.List;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/**
 * Whether every service that an operator calls critical has a replica that can take work. It belongs to the manager's
 * readiness, never to its liveness: a restart of the manager heals no workload.
 */
@Component
final class CriticalFleetsHealthIndicator implements HealthIndicator {

    private final FleetsView fleets;

    CriticalFleetsHealthIndicator(FleetsView fleets) {
        this.fleets = fleets;
    }

    @Override
    public Health health() {
        List<String> missing = fleets.fleets().stream()
                .flatMap(fleet -> fleet.services().stream()
                        .filter(service -> service.critical() && service.serving() == 0)
                        .map(service -> fleet.name() + "/" + service.name()))
                .toList();
        return missing.isEmpty()
                ? Health.up().build()
                : Health.outOfService().withDetail("notReady", missing).build();
    }
}
