package dev.nucleus.isolation;

import dev.nucleus.kernel.HostDirectory;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.Posture;
import dev.nucleus.spec.ContainerSpec;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A launch to be planned.
 *
 * @param id 128 random bits as 32 hexadecimal digits
 * @param name unique among live containers
 * @param copies where the container's copies of directories are made, before it is launched
 * @param volumes host directories of the named volumes
 * @param keepStdin whether somebody feeds its standard input
 * @param held whether it is only created, and started later
 * @param console a terminal that its standard streams are
 * @param sources the directories of the host that it works in or reads, as they were looked at
 * @param gvisor the kernel of its own that it gets; empty: it has the host's
 */
public record LaunchRequest(
        String id,
        String name,
        ContainerSpec spec,
        Posture posture,
        LaunchPlan.Places places,
        Path copies,
        Map<String, HostVolume> volumes,
        boolean keepStdin,
        boolean held,
        Optional<LaunchPlan.Console> console,
        Sources sources,
        Optional<Gvisor> gvisor) {

    /**
     * Directories that were opened, by which way they are and which they are: held open until the launch is over.
     *
     * @param context empty: there is none, or nothing is launched
     * @param workspace likewise
     */
    public record Sources(Optional<HostDirectory> context, Optional<HostDirectory> workspace) {

        public static final Sources NONE = new Sources(Optional.empty(), Optional.empty());
    }

    /** One whose kernel is still to be chosen. */
    public LaunchRequest(
            String id,
            String name,
            ContainerSpec spec,
            Posture posture,
            LaunchPlan.Places places,
            Path copies,
            Map<String, HostVolume> volumes,
            boolean keepStdin,
            boolean held,
            Optional<LaunchPlan.Console> console) {
        this(
                id,
                name,
                spec,
                posture,
                places,
                copies,
                volumes,
                keepStdin,
                held,
                console,
                Sources.NONE,
                Optional.empty());
    }

    /** The same, with the directories of the host that were looked at for it. */
    public LaunchRequest withSources(Sources looked) {
        return new LaunchRequest(
                id, name, spec, posture, places, copies, volumes, keepStdin, held, console, looked, gvisor);
    }

    LaunchRequest on(Optional<Gvisor> kernel) {
        return new LaunchRequest(
                id, name, spec, posture, places, copies, volumes, keepStdin, held, console, sources, kernel);
    }

    boolean sandboxed() {
        return gvisor.isPresent();
    }

    /** Where a named volume lies; {@code uid} and {@code gid} are given to a directory made for it. */
    public record HostVolume(Path path, Optional<LaunchPlan.Identity> owner) {}
}
