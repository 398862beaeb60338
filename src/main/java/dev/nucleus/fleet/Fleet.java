package dev.nucleus.fleet;

import dev.nucleus.container.Container;
import dev.nucleus.container.Containers;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.Workload;
import dev.nucleus.spec.Condition;
import dev.nucleus.spec.FleetSpec;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.User;
import dev.nucleus.spec.VolumeSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.springframework.scheduling.TaskScheduler;

/** A fleet under supervision: its replicas by service. The lists are immutable. */
final class Fleet {

    private static final int MAX_CAUSE = 200;

    private final FleetSpec spec;
    private final Map<String, List<Replica>> replicas = new HashMap<>();

    Fleet(
            FleetSpec spec,
            Containers containers,
            TaskScheduler scheduler,
            Path state,
            Consumer<Replica> onChange,
            Consumer<ProbeCompleted> onProbe) {
        this.spec = spec;
        var volumes = volumes(spec, state);
        for (ServiceSpec service : spec.services().values()) {
            var context = new ReplicaContext(
                    containers,
                    scheduler,
                    volumes,
                    this::unmet,
                    replica -> changed(replica, onChange),
                    this::notifyDependents,
                    onProbe);
            var list = new ArrayList<Replica>();
            for (int number = 1; number <= service.replicas(); number++) {
                list.add(new Replica(spec.name(), service, number, context));
            }
            replicas.put(service.name(), List.copyOf(list));
        }
    }

    /** Host directories of the named volumes: the configured ones, or directories below the manager's state. */
    static Map<String, Workload.HostVolume> volumes(FleetSpec spec, Path state) {
        var volumes = new HashMap<String, Workload.HostVolume>();
        for (VolumeSpec volume : spec.volumes().values()) {
            Path path = volume.path()
                    .orElse(state.resolve("volumes").resolve(spec.name()).resolve(volume.name()));
            Optional<LaunchPlan.Identity> owner = volume.owner()
                    .map(user -> new LaunchPlan.Identity(
                            User.number(user.user()).orElse(0),
                            user.group().flatMap(User::number).orElse(0),
                            List.of()));
            volumes.put(volume.name(), new Workload.HostVolume(path, owner));
        }
        return Map.copyOf(volumes);
    }

    FleetSpec spec() {
        return spec;
    }

    List<Replica> replicas() {
        return replicas.values().stream().flatMap(List::stream).toList();
    }

    Optional<Replica> replica(String name) {
        return replicas().stream()
                .filter(replica -> replica.name().equals(name))
                .findFirst();
    }

    void start(Map<String, Container> left) {
        replicas().forEach(replica -> replica.start(Optional.ofNullable(left.get(replica.name()))));
    }

    /** The unmet dependencies of a service with their reasons; empty: it can start. */
    private List<String> unmet(ServiceSpec service) {
        return service.dependsOn().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .flatMap(entry -> unmet(entry.getKey(), entry.getValue()).stream())
                .toList();
    }

    private Optional<String> unmet(String service, Condition condition) {
        List<ReplicaView> missing = Objects.requireNonNull(replicas.get(service)).stream()
                .filter(replica -> !met(condition, replica))
                .map(Replica::view)
                .toList();
        if (missing.isEmpty()) {
            return Optional.empty();
        }
        ReplicaView first = missing.getFirst();
        String more = missing.size() > 1 ? ", and " + (missing.size() - 1) + " more" : "";
        return Optional.of(service + " to be " + condition.word() + " (" + first.service() + "-" + first.number()
                + " is " + first.status().predicate() + ": " + shorten(first.cause()) + more + ")");
    }

    /** The cause of a waiting replica contains the causes of its dependencies, so it may be long. */
    private static String shorten(String cause) {
        return cause.length() > MAX_CAUSE ? cause.substring(0, MAX_CAUSE) + "…" : cause;
    }

    private static boolean met(Condition condition, Replica replica) {
        ReplicaStatus status = replica.status();
        boolean crashLoop = status == ReplicaStatus.CRASH_LOOP;
        return switch (condition) {
            case STARTED -> status.isRunning() || status == ReplicaStatus.COMPLETED || (crashLoop && replica.isUp());
            case HEALTHY -> status == ReplicaStatus.READY || (crashLoop && replica.isServing());
            case COMPLETED -> status == ReplicaStatus.COMPLETED;
        };
    }

    private void changed(Replica replica, Consumer<Replica> onChange) {
        try {
            onChange.accept(replica);
        } finally {
            notifyDependents(replica);
        }
    }

    private void notifyDependents(Replica replica) {
        String name = replica.service().name();
        replicas().stream()
                .filter(other -> other.service().dependsOn().containsKey(name))
                .forEach(Replica::onDependencyChanged);
    }

    FleetView view() {
        return new FleetView(
                spec.name(),
                spec.services().values().stream()
                        .map(service -> new ServiceView(
                                service.name(),
                                service.job(),
                                spec.health().critical().contains(service.name()),
                                service.isChecked(),
                                service.replicas(),
                                Objects.requireNonNull(replicas.get(service.name())).stream()
                                        .map(Replica::view)
                                        .toList()))
                        .toList());
    }
}
