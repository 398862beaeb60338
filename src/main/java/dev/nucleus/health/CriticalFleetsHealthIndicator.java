package dev.nucleus.health;

import dev.nucleus.fleet.FleetViews;
import java.util.List;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/**
 * Up while every service that an operator marked as critical has a serving replica. Part of the manager's readiness,
 * never of its liveness: a restart of the manager repairs no workload.
 */
@Component
final class CriticalFleetsHealthIndicator implements HealthIndicator {

    private final FleetViews fleets;

    CriticalFleetsHealthIndicator(FleetViews fleets) {
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
