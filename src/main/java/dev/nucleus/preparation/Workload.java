package dev.nucleus.preparation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.ContainerSpec;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The workload of a container: its specification, and its named volumes and standard streams on this host.
 *
 * @param volumes host directories of the named volumes
 * @param input whether a client writes to its standard input
 * @param console terminal of its standard streams; empty: none
 */
public record Workload(
        ContainerSpec spec, Map<String, HostVolume> volumes, boolean input, Optional<LaunchPlan.Console> console) {

    public Workload {
        volumes = Map.copyOf(volumes);
    }

    /** The directory of a named volume; {@code owner} owns it if it has to be created. */
    public record HostVolume(Path path, Optional<LaunchPlan.Identity> owner) {}

    /** A workload without named volumes, input and terminal. */
    public static Workload of(ContainerSpec spec) {
        return new Workload(spec, Map.of(), false, Optional.empty());
    }

    public Workload withVolumes(Map<String, HostVolume> places) {
        return new Workload(spec, places, input, console);
    }

    public Workload withStreams(boolean feedsInput, Optional<LaunchPlan.Console> terminal) {
        return new Workload(spec, volumes, feedsInput, terminal);
    }
}
