package dev.nucleus.container;

import dev.nucleus.isolation.LaunchRequest;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.ContainerSpec;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What is to be launched, by whom.
 *
 * @param name empty: the id
 * @param volumes host directories of named volumes
 * @param attached whether a command line waits for it, gets its output, and removes it with its end
 * @param keepStdin whether that command line feeds its standard input
 * @param console a terminal that its standard streams are
 * @param progress told what there is to say while directories are copied for it, a line each; what it throws before the
 *     launch ends that
 */
public record LaunchOrder(
        Optional<String> name,
        ContainerSpec spec,
        Map<String, LaunchRequest.HostVolume> volumes,
        Optional<ContainerRecord.ReplicaRecord> replica,
        boolean attached,
        boolean keepStdin,
        Optional<LaunchPlan.Console> console,
        Consumer<String> progress) {

    public LaunchOrder(
            Optional<String> name,
            ContainerSpec spec,
            Map<String, LaunchRequest.HostVolume> volumes,
            Optional<ContainerRecord.ReplicaRecord> replica,
            boolean attached,
            boolean keepStdin,
            Optional<LaunchPlan.Console> console) {
        this(name, spec, volumes, replica, attached, keepStdin, console, _ -> {});
    }

    public LaunchOrder(
            Optional<String> name,
            ContainerSpec spec,
            Map<String, LaunchRequest.HostVolume> volumes,
            Optional<ContainerRecord.ReplicaRecord> replica,
            boolean attached,
            boolean keepStdin) {
        this(name, spec, volumes, replica, attached, keepStdin, Optional.empty());
    }

    /** The same, with somebody who wants to know how far it is. */
    public LaunchOrder reporting(Consumer<String> listener) {
        return new LaunchOrder(name, spec, volumes, replica, attached, keepStdin, console, listener);
    }

    public static LaunchOrder detached(Optional<String> name, ContainerSpec spec) {
        return new LaunchOrder(name, spec, Map.of(), Optional.empty(), false, false);
    }
}
