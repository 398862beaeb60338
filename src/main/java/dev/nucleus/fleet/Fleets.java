package dev.nucleus.fleet;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerRecord;
import dev.nucleus.container.Containers;
import dev.nucleus.container.StopFailedException;
import dev.nucleus.failure.Callbacks;
import dev.nucleus.lifecycle.LifecyclePhase;
import dev.nucleus.network.NetworkRecord;
import dev.nucleus.network.Networks;
import dev.nucleus.preparation.Workload;
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
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationStartedEvent;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.stereotype.Component;

/**
 * The fleets of this manager. At startup it adopts the containers of an earlier manager. When the whole application has
 * started, with all ports and sockets bound, it launches the missing replicas. At shutdown the containers keep running.
 */
@Component
public final class Fleets implements FleetViews, SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Fleets.class);

    private final Containers containers;
    private final Networks networks;
    private final Path state;
    private final Optional<Path> configured;
    /** Fixed after construction. */
    private final Map<String, Fleet> fleets = new LinkedHashMap<>();

    private final Map<String, String> groups = new LinkedHashMap<>();
    /** Containers that an earlier manager left, until they are reconciled. */
    private final List<Container> found = new CopyOnWriteArrayList<>();

    private volatile boolean running;

    Fleets(
            NucleusProperties properties,
            DeclaredFleets declared,
            Containers containers,
            Networks networks,
            TaskScheduler scheduler,
            ApplicationEventPublisher events) {
        this.containers = containers;
        this.state = properties.state();
        this.configured = properties.fleetFiles();
        this.networks = networks;
        networks.declare(declared.specs());
        for (FleetSpec spec : declared.specs()) {
            groups.putAll(HealthGroupNames.of(spec));
            fleets.put(
                    spec.name(),
                    new Fleet(
                            spec,
                            containers,
                            scheduler,
                            state,
                            replica -> events.publishEvent(new ReplicaChanged(replica.supervisedView())),
                            events::publishEvent));
        }
    }

    @Override
    public void start() {
        try {
            if (fleets.isEmpty()) {
                configured.ifPresent(path -> log.warn("{} contains no fleet file; no service is supervised", path));
            }
            found.addAll(containers.adopt());
            running = true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the application: a manager that fails to start must not have stopped or launched anything. */
    @EventListener
    void on(ApplicationStartedEvent event) {
        Map<String, Container> left = reconcile(found);
        log.info("{} containers found, {} of them belong to the declared fleets", found.size(), left.size());
        found.clear();
        fleets.values().forEach(fleet -> fleet.start(left));
    }

    /** Returns the containers that match a replica as it is declared now. Other containers of fleets are stopped. */
    private Map<String, Container> reconcile(List<Container> found) {
        var left = new HashMap<String, Container>();
        var orphans = new TreeSet<String>();
        for (Container container : found) {
            try {
                reconcile(container, left, orphans);
            } catch (StopFailedException | UncheckedIOException | InvalidSpecException e) {
                // One container's failure must not affect the others.
                log.error("can't reconcile '{}', left by an earlier manager: {}", container.name(), e.getMessage());
            }
        }
        if (!orphans.isEmpty()) {
            log.warn(
                    "no fleet is declared ({}), but these containers of fleets were found and keep running without "
                            + "supervision: {}. Declare their fleets and restart the manager, or end them with nucleus stop NAME",
                    configured.map(path -> path + " contains no fleet file").orElse("nucleus.fleets is not set"),
                    String.join(", ", orphans));
        }
        return left;
    }

    /**
     * @param orphans collects the containers that keep running only because no fleet at all is declared, which is more
     *     likely a mistake
     */
    private void reconcile(Container container, Map<String, Container> left, Set<String> orphans) {
        ContainerRecord.ReplicaRecord entry = container.record().replica();
        if (entry == null) {
            if (container.record().attached()) {
                removeWhenStopped(container);
            }
            return;
        }
        Optional<String> outdated = outdated(entry, container.record().network());
        if (outdated.isPresent() && fleets.isEmpty()) {
            orphans.add(container.name());
        } else if (outdated.isPresent()) {
            log.info("'{}' no longer matches its fleet and is stopped: {}", container.name(), outdated.get());
            containers.stop(container, service(entry).map(ServiceSpec::stop).orElse(StopSpec.DEFAULT));
            containers.remove(container);
        } else {
            keepNewest(left, container);
        }
    }

    /** Why a container does not match the declaration; empty: it does. */
    private Optional<String> outdated(ContainerRecord.ReplicaRecord entry, @Nullable NetworkRecord network) {
        if (!fleets.containsKey(entry.fleet())) {
            return Optional.of("there is no fleet '" + entry.fleet() + "' any more");
        }
        Optional<ServiceSpec> service = service(entry);
        if (service.isEmpty()) {
            return Optional.of("its fleet has no service '" + entry.service() + "' any more");
        }
        if (entry.number() > service.get().replicas()) {
            return Optional.of("its service has " + service.get().replicas() + " replicas");
        }
        if (!SpecHash.of(service.get()).equals(entry.specHash())) {
            return Optional.of("its service was changed in the fleet file");
        }
        if (network != null && !networks.areUnchanged(network)) {
            return Optional.of("a network of its service was changed in the fleet file");
        }
        List<String> changed = FileDigests.changed(service.get(), entry);
        return changed.isEmpty()
                ? Optional.empty()
                : Optional.of("changed since it was launched: " + String.join(", ", changed));
    }

    private void keepNewest(Map<String, Container> left, Container container) {
        Container other = left.get(container.name());
        if (other == null) {
            left.put(container.name(), container);
        } else if (container.isRunning()
                || container.record().createdAt().isAfter(other.record().createdAt())) {
            left.put(container.name(), container);
            remove(other);
        } else {
            remove(container);
        }
    }

    /** The container may still be running, or its shim unresponsive. */
    private void remove(Container surplus) {
        containers.stop(
                surplus,
                Optional.ofNullable(surplus.record().replica())
                        .flatMap(this::service)
                        .map(ServiceSpec::stop)
                        .orElse(StopSpec.DEFAULT));
        containers.remove(surplus);
    }

    private void removeWhenStopped(Container container) {
        Callbacks.then(container.end(), "remove a container that has stopped", _ -> containers.remove(container));
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
                    replica.detach();
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

    /** After the spawner, before the components that serve requests. */
    @Override
    public int getPhase() {
        return LifecyclePhase.FLEETS.phase();
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

    /** The fleets as they were declared. */
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
     * Stops a replica permanently: it is not started again until the manager restarts or an operator starts it.
     *
     * @return false when there is no such replica
     */
    public boolean stopReplica(String name) throws InterruptedException {
        return stopReplica(name, UnaryOperator.identity());
    }

    /**
     * As {@link #stopReplica(String)}.
     *
     * @param overrides changes how its service is configured to stop
     */
    public boolean stopReplica(String name, UnaryOperator<StopSpec> overrides) throws InterruptedException {
        Optional<Replica> replica = find(name);
        if (replica.isPresent()) {
            replica.get().stop(overrides);
        }
        return replica.isPresent();
    }

    /**
     * Starts a replica that is stopped, failed or completed.
     *
     * @return false when there is no such replica
     * @throws InvalidSpecException when it is supervised
     */
    public boolean startReplica(String name) {
        Optional<Replica> replica = find(name);
        replica.ifPresent(Replica::startAgain);
        return replica.isPresent();
    }

    /** The service that {@code fleet/service} or {@code fleet/service-n} names, and the volumes it may use. */
    public record ServiceDefinition(String name, ServiceSpec service, Map<String, Workload.HostVolume> volumes) {}

    /**
     * @throws InvalidSpecException when there is none
     */
    @SuppressWarnings("ReferenceEquality") // Two services may be equal without being the same one.
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
        throw new InvalidSpecException("there is no service '" + reference + "'; "
                + (known.isEmpty() ? "this manager has no fleets" : "known here: " + known));
    }
}
