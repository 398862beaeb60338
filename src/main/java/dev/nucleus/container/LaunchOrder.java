package dev.nucleus.container;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.Workload;
import dev.nucleus.spec.ContainerSpec;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A container to be launched, and for whom.
 *
 * @param name empty: the id
 * @param replica the replica that it is for; empty: none
 * @param attached whether a command line waits for it, gets its output, and removes it with its end
 * @param progress receives a line for each progress of copying; an exception from it ends the launch
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
