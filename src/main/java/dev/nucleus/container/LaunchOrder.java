package dev.nucleus.container;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.Workload;
import dev.nucleus.spec.ContainerSpec;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * An order to launch a container, with the replica or client that it is for.
 *
 * @param name empty: the ID
 * @param replica the replica that it is launched for; empty: none
 * @param attached whether a client waits for it and gets its output; it is removed when it ends
 * @param progress receives progress messages while files are copied; an exception from it aborts the launch
 */
public record LaunchOrder(
        Optional<String> name,
        Workload workload,
        Optional<ContainerRecord.ReplicaRecord> replica,
        boolean attached,
        Consumer<String> progress) {

    public static LaunchOrder detached(ContainerSpec spec) {
        return of(spec, false);
    }

    public static LaunchOrder detached(Optional<String> name, ContainerSpec spec) {
        return detached(spec).named(name);
    }

    public static LaunchOrder attached(ContainerSpec spec) {
        return of(spec, true);
    }

    private static LaunchOrder of(ContainerSpec spec, boolean attached) {
        return new LaunchOrder(Optional.empty(), Workload.of(spec), Optional.empty(), attached, _ -> {});
    }

    public ContainerSpec spec() {
        return workload.spec();
    }

    public LaunchOrder named(Optional<String> other) {
        return new LaunchOrder(other, workload, replica, attached, progress);
    }

    public LaunchOrder withVolumes(Map<String, Workload.HostVolume> volumes) {
        return new LaunchOrder(name, workload.withVolumes(volumes), replica, attached, progress);
    }

    /** As {@link Workload#withStreams}. */
    public LaunchOrder withStreams(boolean input, Optional<LaunchPlan.Console> console) {
        return new LaunchOrder(name, workload.withStreams(input, console), replica, attached, progress);
    }

    public LaunchOrder forReplica(ContainerRecord.ReplicaRecord record) {
        return new LaunchOrder(name, workload, Optional.of(record), attached, progress);
    }

    /** The same, with progress reported to the listener. */
    public LaunchOrder reporting(Consumer<String> listener) {
        return new LaunchOrder(name, workload, replica, attached, listener);
    }
}
