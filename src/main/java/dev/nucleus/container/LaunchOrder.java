package dev.nucleus.container;

import dev.nucleus.isolation.LaunchRequest;
import dev.nucleus.spec.ContainerSpec;
import java.util.Map;
import java.util.Optional;

/**
 * What is to be launched, by whom.
 *
 * @param name empty: the id
 * @param volumes host directories of named volumes
 * @param attached whether a command line waits for it, gets its output, and removes it with its end
 * @param input whether that command line feeds its standard input
 */
public record LaunchOrder(
        Optional<String> name,
        ContainerSpec spec,
        Map<String, LaunchRequest.HostVolume> volumes,
        Optional<ContainerRecord.ReplicaRecord> replica,
        boolean attached,
        boolean input) {

    public static LaunchOrder detached(Optional<String> name, ContainerSpec spec) {
        return new LaunchOrder(name, spec, Map.of(), Optional.empty(), false, false);
    }
}
