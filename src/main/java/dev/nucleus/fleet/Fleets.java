package dev.nucleus.fleet;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerRecord;
import dev.nucleus.container.Containers;
import dev.nucleus.container.StopFailedException;
import dev.nucleus.health.FleetView;
import dev.nucleus.health.FleetsView;
import dev.nucleus.health.ReplicaView;
import dev.nucleus.isolation.LaunchRequest;
import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.StopSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.stereotype.Component;

/**
 * The fleets of this manager. With its start it adopts what an earlier manager left and starts what is missing;
 * with its end it lets go: containers run on.
 */
@Component
public final class Fleets implements FleetsView, SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Fleets.class);

    private final Containers containers;
    private final Path state;
    /** Fixed after construction. */
    private final Map<String, Fleet> fleets = new LinkedHashMap<>();

    private final Map<String, String> groups = new LinkedHashMap<>();

    private volatile boolean running;

    Fleets(
            NucleusProperties properties,
            DeclaredFleets declared,
            Containers containers,
            TaskScheduler scheduler,
            ApplicationEventPublisher events) {
        this.containers = containers;
        this.state = properties.state();
        for (FleetSpec spec : declared.specs()) {
            groups.putAll(HealthGroupNames.of(spec));
            fleets.put(
                    spec.name(),
                    new Fleet(
                            spec,
                            containers,
                            scheduler,
                            state,
                            replica -> events.publishEvent(new ReplicaChanged(replica.view())),
                            events::publishEvent));
        }
    }

    @Override
    public void start() {
        try {
            List<Container> found = containers.adopt();
            Map<String, Container> left = sortOut(found);
            fleets.values().forEach(fleet -> fleet.start(left));
            running = true;
            log.info("{} containers found, {} of them of the present fleets", found.size(), left.size());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What of the found belongs to a replica as it is specified now; the rest of old fleets is stopped. */
    private Map<String, Container> sortOut(List<Container> found) {
        var left = new HashMap<String, Container>();
        for (Container container : found) {
            try {
                sortOut(container, left);
            } catch (StopFailedException | UncheckedIOException | InvalidSpecException e) {
                // No reason to leave the others alone.
                log.error("'{}', which an earlier manager left: {}", container.name(), e.getMessage());
            }
        }
        return left;
    }

    private void sortOut(Container container, Map<String, Container> left) {
        ContainerRecord.ReplicaRecord entry = container.record().replica();
        if (entry == null) {
            if (container.record().attached()) {
                removeWithItsEnd(container);
            }
            return;
        }
        boolean current = service(entry)
                .filter(service -> entry.number() <= service.replicas())
                .map(service -> SpecHash.of(service).equals(entry.specHash()))
                .orElse(false);
        if (!current) {
            log.info("'{}' is no longer what its fleet asks for and is stopped", container.name());
            containers.stop(container, service(entry).map(ServiceSpec::stop).orElse(StopSpec.DEFAULT));
            containers.remove(container);
        } else {
            keepNewest(left, container);
        }
    }

    private void keepNewest(Map<String, Container> left, Container container) {
        Container other = left.get(container.name());
        if (other == null) {
            left.put(container.name(), container);
        } else if (container.running()
                || container.record().createdAt().isAfter(other.record().createdAt())) {
            left.put(container.name(), container);
            containers.remove(other);
        } else {
            containers.remove(container);
        }
    }

    private void removeWithItsEnd(Container container) {
        container.end().thenAccept(_ -> containers.remove(container));
    }

    private Optional<ServiceSpec> service(ContainerRecord.ReplicaRecord entry) {
        return Optional.ofNullable(fleets.get(entry.fleet()))
                .map(fleet -> fleet.spec().services().get(entry.service()));
    }

    @Override
    public void stop() {
        running = false;
        for (Fleet fleet : fleets.values()) {
            for (Replica replica : fleet.replicas()) {
                try {
                    replica.leave();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** After the spawner, before whatever serves requests. */
    @Override
    public int getPhase() {
        return Integer.MIN_VALUE + 1_000;
    }

    @Override
    public List<FleetView> fleets() {
        return fleets.values().stream().map(Fleet::view).toList();
    }

    @Override
    public Optional<FleetView> fleet(String name) {
        return Optional.ofNullable(fleets.get(name)).map(Fleet::view);
    }

    @Override
    public Map<String, String> groups() {
        return groups;
    }

    /** What was declared. */
    public List<FleetSpec> specs() {
        return fleets.values().stream().map(Fleet::spec).toList();
    }

    /** All replicas of all fleets. */
    public List<ReplicaView> replicas() {
        return fleets.values().stream()
                .flatMap(fleet -> fleet.replicas().stream())
                .map(Replica::view)
                .toList();
    }

    public Optional<ReplicaView> replica(String name) {
        return find(name).map(Replica::view);
    }

    private Optional<Replica> find(String name) {
        return fleets.values().stream()
                .flatMap(fleet -> fleet.replica(name).stream())
                .findFirst();
    }

    /**
     * Stops a replica for good: it is not restarted until the manager is.
     *
     * @return false when there is no such replica
     */
    public boolean stopReplica(String name) throws InterruptedException {
        return stopReplica(name, UnaryOperator.identity());
    }

    /**
     * As {@link #stopReplica(String)}.
     *
     * @param otherwise changes the way in which its service says that it stops
     */
    public boolean stopReplica(String name, UnaryOperator<StopSpec> otherwise) throws InterruptedException {
        Optional<Replica> replica = find(name);
        if (replica.isPresent()) {
            replica.get().stop(otherwise);
        }
        return replica.isPresent();
    }

    /**
     * Starts a replica again that was stopped, has failed, or has completed; one that waits for its next restart starts at
     * once.
     *
     * @return false when there is no such replica
     * @throws InvalidSpecException when it runs already
     */
    public boolean startReplica(String name) throws InterruptedException {
        Optional<Replica> replica = find(name);
        if (replica.isPresent()) {
            replica.get().startAgain();
        }
        return replica.isPresent();
    }

    /** The service that {@code fleet/service} or {@code fleet/service-n} names, and the volumes it may use. */
    public record ServiceDefinition(String name, ServiceSpec service, Map<String, LaunchRequest.HostVolume> volumes) {}

    /**
     * @throws InvalidSpecException when there is none
     */
    public ServiceDefinition definition(String reference) {
        for (Fleet fleet : fleets.values()) {
            for (ServiceSpec service : fleet.spec().services().values()) {
                String name = fleet.spec().name() + "/" + service.name();
                boolean replica = fleet.replica(reference)
                        .map(found -> found.service() == service)
                        .orElse(false);
                if (reference.equals(name) || replica) {
                    return new ServiceDefinition(
                            replica ? reference : name + "-1", service, Fleet.volumes(fleet.spec(), state));
                }
            }
        }
        String known = fleets.values().stream()
                .flatMap(fleet -> fleet.spec().services().keySet().stream()
                        .map(s -> fleet.spec().name() + "/" + s))
                .collect(Collectors.joining(", "));
        throw new InvalidSpecException("there is no service '" + reference + "'; there are " + known);
    }
}
