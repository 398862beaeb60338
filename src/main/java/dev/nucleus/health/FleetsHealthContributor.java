package dev.nucleus.health;

import dev.nucleus.fleet.FleetView;
import dev.nucleus.fleet.FleetViews;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.fleet.ServiceView;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthContributors;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.stereotype.Component;

/**
 * The tree {@code fleets → fleet → service → replica} in Spring's health. One contributor reads
 * the state at each request; nothing is registered per container.
 */
@Component
final class FleetsHealthContributor implements CompositeHealthContributor {

    /** A child of each fleet and of each service without replicas, because a composite without children answers 404. */
    private static final String DESIRED = "desired";

    /**
     * Status of {@code desired} while a service of the fleet is stopped on purpose. Spring's own aggregation ignores an
     * unknown status; {@link FleetHealthGroups} takes the fleet out of service.
     */
    static final Status STOPPED = new Status("STOPPED");

    private final FleetViews fleets;

    FleetsHealthContributor(FleetViews fleets) {
        this.fleets = fleets;
    }

    @Override
    public @Nullable HealthContributor getContributor(String name) {
        return fleets.fleet(name).map(FleetsHealthContributor::fleet).orElse(null);
    }

    @Override
    public Stream<HealthContributors.Entry> stream() {
        return fleets.fleets().stream().map(fleet -> new HealthContributors.Entry(fleet.name(), fleet(fleet)));
    }

    private static CompositeHealthContributor fleet(FleetView fleet) {
        return composite(() -> Stream.concat(
                Stream.of(new HealthContributors.Entry(DESIRED, indicator(() -> desired(fleet)))),
                fleet.services().stream()
                        .filter(service -> !finished(service))
                        .map(service -> new HealthContributors.Entry(service.name(), service(service)))));
    }

    private static boolean finished(ServiceView service) {
        return service.job()
                && !service.replicas().isEmpty()
                && service.replicas().stream().allMatch(replica -> replica.status() == ReplicaStatus.COMPLETED);
    }

    private static Health desired(FleetView fleet) {
        boolean stopped = fleet.services().stream().anyMatch(FleetsHealthContributor::stopped);
        return Health.status(!fleet.asDesired() ? Status.OUT_OF_SERVICE : stopped ? STOPPED : Status.UP)
                .withDetail("services", fleet.services().size())
                .build();
    }

    private static boolean stopped(ServiceView service) {
        return !service.job()
                && !service.replicas().isEmpty()
                && service.replicas().stream().allMatch(replica -> replica.status() == ReplicaStatus.STOPPED);
    }

    private static CompositeHealthContributor service(ServiceView service) {
        if (service.replicas().isEmpty()) {
            return composite(() -> Stream.of(new HealthContributors.Entry(
                    DESIRED,
                    indicator(() -> Health.unknown().withDetail("replicas", 0).build()))));
        }
        return composite(() -> service.replicas().stream()
                .map(replica -> new HealthContributors.Entry(
                        service.name() + "-" + replica.number(), indicator(() -> replica(replica)))));
    }

    private static Health replica(ReplicaView replica) {
        Health.Builder health = Health.status(replica.health())
                .withDetail("status", replica.status().words())
                .withDetail("since", replica.since().toString())
                .withDetail("cause", replica.cause())
                .withDetail("restarts", replica.restarts());
        if (replica.status() == ReplicaStatus.RUNNING) {
            health.withDetail("checked", false);
        }
        if (replica.status() == ReplicaStatus.CRASH_LOOP) {
            health.withDetail("serving", replica.serving());
        }
        if (replica.flapping()) {
            health.withDetail("flapping", true);
        }
        replica.containerId().ifPresent(id -> health.withDetail("container", id));
        return health.build();
    }

    private static HealthIndicator indicator(Supplier<Health> health) {
        return health::get;
    }

    private static CompositeHealthContributor composite(Supplier<Stream<HealthContributors.Entry>> children) {
        return new CompositeHealthContributor() {
            @Override
            public @Nullable HealthContributor getContributor(String name) {
                return stream()
                        .filter(entry -> entry.name().equals(name))
                        .map(HealthContributors.Entry::contributor)
                        .findFirst()
                        .orElse(null);
            }

            @Override
            public Stream<HealthContributors.Entry> stream() {
                return children.get();
            }
        };
    }
}
