package dev.nucleus.metrics;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.fleet.ReplicaChanged;
import dev.nucleus.health.ReplicaStatus;
import dev.nucleus.health.ReplicaView;
import dev.nucleus.isolation.CgroupUsages;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** The meters of every replica, and of the container that it runs as at the time. Never tagged by container. */
@Component
final class ReplicaMeters {

    private final MeterRegistry registry;
    private final Containers containers;
    private final CgroupUsages usages;
    private final boolean cadvisorNames;
    /** By name; what they hold the registry refers to weakly. */
    private final Map<String, Of> replicas = new ConcurrentHashMap<>();

    ReplicaMeters(MeterRegistry registry, Containers containers, CgroupUsages usages, MetricsProperties properties) {
        this.registry = registry;
        this.containers = containers;
        this.usages = usages;
        this.cadvisorNames = properties.cadvisorNames();
    }

    @EventListener
    void on(ReplicaChanged event) {
        replicas.computeIfAbsent(event.replica().name(), _ -> new Of(event.replica()))
                .changed(event.replica());
    }

    /** Those of one replica. */
    private final class Of {

        private final Tags tags;
        private volatile ReplicaView view;
        private @Nullable String measured;
        private @Nullable ContainerMeters meters;

        Of(ReplicaView first) {
            this.view = first;
            this.tags = Tags.of(
                    "fleet", first.fleet(),
                    "service", first.service(),
                    "replica", Integer.toString(first.number()));
            FunctionCounter.builder("nucleus.container.restarts", this, of -> of.view.restarts())
                    .description("Restarts of the replica")
                    .tags(tags)
                    .register(registry);
            Gauge.builder("nucleus.container.ready", this, of -> of.view.status() == ReplicaStatus.READY ? 1 : 0)
                    .description("Whether the replica can take work")
                    .tags(tags)
                    .register(registry);
            if (cadvisorNames) {
                Gauge.builder("container.health.state", this, of -> of.view.status() == ReplicaStatus.READY ? 1 : 0)
                        .description("Whether the container is healthy")
                        .tags(named(first))
                        .register(registry);
            }
        }

        private Tags named(ReplicaView replica) {
            return tags.and("name", replica.name());
        }

        synchronized void changed(ReplicaView fresh) {
            view = fresh;
            String id = fresh.status().running() ? fresh.containerId().orElse(null) : null;
            if (meters != null && !java.util.Objects.equals(id, measured)) {
                meters.remove();
                meters = null;
            }
            if (id != null && meters == null) {
                measure(id);
            }
            measured = meters == null ? null : id;
        }

        private void measure(String id) {
            Optional<Container> container = containers.byId(id);
            container.flatMap(Container::whileRunning).ifPresent(running -> {
                // One name has one set of tags, and cAdvisor's boards want a name.
                Tags all = cadvisorNames ? named(view) : tags;
                meters =
                        new ContainerMeters(registry, all, new UsageSnapshot(() -> usages.of(id)), running.startedAt());
                if (cadvisorNames) {
                    meters.addCadvisorNames(all);
                }
            });
        }
    }
}
