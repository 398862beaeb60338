package dev.nucleus.preparation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.ContainerSpec;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What runs in a container: its specification, and what its named volumes and its standard streams are on this host.
 *
 * @param volumes host directories of the named volumes
 * @param input whether somebody feeds its standard input
 * @param console a terminal that its standard streams are
 */
public record Workload(
        ContainerSpec spec, Map<String, HostVolume> volumes, boolean input, Optional<LaunchPlan.Console> console) {

    public Workload {
        volumes = Map.copyOf(volumes);
    }

    /** Where a named volume lies; {@code owner} gets a directory that is made for it. */
    public record HostVolume(Path path, Optional<LaunchPlan.Identity> owner) {}

    /** One without named volumes, input and terminal. */
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
