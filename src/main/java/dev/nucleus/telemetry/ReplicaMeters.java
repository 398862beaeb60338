package dev.nucleus.telemetry;

import dev.nucleus.cgroup.CgroupUsages;
import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerEvent;
import dev.nucleus.container.ContainerRecord;
import dev.nucleus.denial.Denials;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.fleet.ReplicaChanged;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.network.NetworkQueries;
import dev.nucleus.network.NetworkRecord;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** The meters of every replica and of its current container. Never tagged by container. */
@Component
final class ReplicaMeters {

    private final MeterRegistry registry;
    private final Fleets fleets;
    private final CgroupUsages usages;
    private final Denials denials;
    private final NetworkQueries networks;
    private final boolean cadvisorNames;
    /** By replica name. The registry only has weak references to these objects. */
    private final Map<String, MetersOfReplica> replicas = new ConcurrentHashMap<>();

    ReplicaMeters(
            MeterRegistry registry,
            Fleets fleets,
            CgroupUsages usages,
            Denials denials,
            NetworkQueries networks,
            MetricsProperties properties) {
        this.registry = registry;
        this.fleets = fleets;
        this.usages = usages;
        this.denials = denials;
        this.networks = networks;
        this.cadvisorNames = properties.cadvisorNames();
    }

    private MetersOfReplica register(String fleet, String service, int number) {
        return replicas.computeIfAbsent(
                fleet + "/" + service + "-" + number, name -> new MetersOfReplica(name, fleet, service, number));
    }

    @EventListener
    void on(ReplicaChanged event) {
        ReplicaView replica = event.replica();
        register(replica.fleet(), replica.service(), replica.number());
    }

    @EventListener
    void on(ContainerEvent event) {
        Container container = event.container();
        ContainerRecord.ReplicaRecord replica = container.record().replica();
        if (replica == null) {
            return;
        }
        MetersOfReplica of = register(replica.fleet(), replica.service(), replica.number());
        switch (event) {
            case ContainerEvent.Started _, ContainerEvent.Adopted _ ->
                container.whileRunning().ifPresent(running -> of.measure(container, running.startedAt()));
            case ContainerEvent.Stopped _ -> of.forget(container.id());
            case ContainerEvent.Confined _,
                    ContainerEvent.Failed _,
                    ContainerEvent.Executed _,
                    ContainerEvent.InitActed _,
                    ContainerEvent.Removed _ -> {
                // No meters change.
            }
        }
    }

    /** The meters of one replica. */
    private final class MetersOfReplica {

        private final Tags tags;
        private final Tags named;
        private final String name;
        private String measured = "";
        private @Nullable ContainerMeters meters;

        MetersOfReplica(String name, String fleet, String service, int number) {
            this.tags = Tags.of("fleet", fleet, "service", service, "replica", Integer.toString(number));
            this.name = name;
            this.named = tags.and("name", name);
            FunctionCounter.builder("nucleus.container.restarts", this, MetersOfReplica::restarts)
                    .description("Restarts of the replica")
                    .tags(tags)
                    .register(registry);
            Gauge.builder("nucleus.container.ready", this, of -> of.is(ReplicaStatus.READY))
                    .description("Whether the replica is ready according to its probes")
                    .tags(tags)
                    .register(registry);
            Gauge.builder("nucleus.container.serving", this, MetersOfReplica::serving)
                    .description("Whether the replica takes work: ready, unchecked, or ready within a crash loop")
                    .tags(tags)
                    .register(registry);
            Gauge.builder("nucleus.container.crash.loop", this, of -> of.is(ReplicaStatus.CRASH_LOOP))
                    .description("Whether the replica is in a crash loop, running or not")
                    .tags(tags)
                    .register(registry);
            if (cadvisorNames) {
                Gauge.builder("container.health.state", this, MetersOfReplica::serving)
                        .description("Whether the container is healthy")
                        .tags(named)
                        .register(registry);
            }
        }

        private double restarts() {
            return now().map(ReplicaView::restarts).orElse(0);
        }

        private double is(ReplicaStatus status) {
            return now().filter(replica -> replica.status() == status).isPresent() ? 1 : 0;
        }

        private double serving() {
            return now().filter(ReplicaView::serving).isPresent() ? 1 : 0;
        }

        /** Not the state of the last transition: a pause is not a transition, but a paused replica is not ready. */
        private Optional<ReplicaView> now() {
            return fleets.replica(name);
        }

        synchronized void measure(Container container, Instant startedAt) {
            String id = container.id();
            forget(measured);
            // All meters of a name must have the same tags, and cAdvisor's dashboards need the tag name.
            Tags all = cadvisorNames ? named : tags;
            meters = new ContainerMeters(
                    registry,
                    all,
                    new UsageSnapshot(() -> usages.of(id)),
                    new DenialCounts(denials, networks, container),
                    startedAt);
            Optional.ofNullable(container.record().network())
                    .map(NetworkRecord::links)
                    .orElse(List.of())
                    .forEach(link -> meters.addNetwork(all, link.name(), () -> networks.usageOf(id)));
            if (cadvisorNames) {
                meters.addCadvisorNames(all);
            }
            measured = id;
        }

        synchronized void forget(String id) {
            if (meters != null && id.equals(measured)) {
                meters.remove();
                meters = null;
            }
        }
    }
}
