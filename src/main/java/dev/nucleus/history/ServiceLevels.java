package dev.nucleus.history;

import dev.nucleus.fleet.Fleets;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.Objective;
import dev.nucleus.spec.ServiceSpec;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Measures each service with an objective periodically, and alerts when parts of its error budget are spent. */
@Component
public final class ServiceLevels {

    private static final Logger log = LoggerFactory.getLogger(ServiceLevels.class);
    private static final List<Integer> PARTS = List.of(100, 90, 50);

    private final History history;
    private final Fleets fleets;
    private final ApplicationEventPublisher events;
    private final Map<String, Integer> alertedParts = new HashMap<>();
    private volatile Map<String, ServiceLevel> levels = Map.of();

    ServiceLevels(History history, Fleets fleets, ApplicationEventPublisher events) {
        this.history = history;
        this.fleets = fleets;
        this.events = events;
    }

    /** The level of a service; empty if it has no objective or was not measured yet. */
    public Optional<ServiceLevel> of(String fleet, String service) {
        return Optional.ofNullable(levels.get(fleet + "/" + service));
    }

    public List<ServiceLevel> all() {
        return List.copyOf(levels.values());
    }

    @Scheduled(initialDelay = 5, fixedDelay = 30, timeUnit = TimeUnit.SECONDS)
    void measure() {
        history.store().ifPresent(store -> {
            try {
                measure(store, Instant.now());
            } catch (RuntimeException e) {
                log.warn("service levels can't be measured: {}", e.getMessage());
            }
        });
    }

    private void measure(HistoryStore store, Instant now) {
        var measured = new HashMap<String, ServiceLevel>();
        for (FleetSpec fleet : fleets.specs()) {
            fleet.health()
                    .objective()
                    .ifPresent(objective -> fleet.services().values().stream()
                            .filter(service -> !service.job() && service.replicas() > 0)
                            .map(service -> measure(store, fleet, service, objective, now))
                            .forEach(level -> measured.put(level.fleet() + "/" + level.service(), level)));
        }
        levels = Map.copyOf(measured);
        levels.forEach(this::alert);
    }

    private static ServiceLevel measure(
            HistoryStore store, FleetSpec fleet, ServiceSpec service, Objective objective, Instant now) {
        Instant from = now.minus(objective.over());
        List<Watch> watches = store.watches(from);
        Instant first = watches.isEmpty() || watches.getFirst().started().isAfter(from)
                ? from
                : watches.getFirst().started();
        List<Entry> entries = store.since(fleet.name(), service.name(), first);
        return new ServiceLevel(fleet.name(), service.name(), objective, Availability.of(watches, entries, from, now));
    }

    private void alert(String name, ServiceLevel level) {
        int part = PARTS.stream()
                .filter(percent -> level.spent() * 100 >= percent)
                .findFirst()
                .orElse(0);
        int before = alertedParts.getOrDefault(name, 0);
        alertedParts.put(name, part);
        if (part > before) {
            log.warn(
                    "{} has spent {} % of its error budget ({} % over {}): {} unavailable",
                    name,
                    Math.round(level.spent() * 100),
                    level.objective().availability() * 100,
                    level.objective().over(),
                    level.measured().unavailable());
            events.publishEvent(new BudgetSpent(level, part));
        }
    }
}
