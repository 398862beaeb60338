package dev.nucleus.preparation;

import dev.nucleus.kernel.HostDirectory;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.Posture;
import dev.nucleus.spec.ContainerSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A launch to be planned.
 *
 * @param id 128 random bits as 32 hexadecimal digits
 * @param name unique among live containers
 * @param copies directory for the container's copies of host directories, made before it is launched
 * @param held whether it is only created, and started later
 * @param sources the host directories of its workspace and context, as they were opened
 * @param network its interfaces on networks
 */
public record LaunchRequest(
        String id,
        String name,
        Workload workload,
        Posture posture,
        LaunchPlan.Places places,
        Path copies,
        boolean held,
        Sources sources,
        NetworkAccess network) {

    /**
     * Directories that were opened, by path and identity; they are held open until the launch is over.
     *
     * @param context empty: there is none, or nothing is launched
     * @param workspace likewise
     */
    public record Sources(Optional<HostDirectory> context, Optional<HostDirectory> workspace) {

        public static final Sources NONE = new Sources(Optional.empty(), Optional.empty());
    }

    /**
     * A container's interfaces on networks, and how it finds others there.
     *
     * @param resolver content of its resolv.conf(5)
     * @param resolverFile a file with that content; empty: it has no network
     */
    public record NetworkAccess(List<LaunchPlan.Link> links, String resolver, Optional<Path> resolverFile) {

        public static final NetworkAccess NONE = new NetworkAccess(List.of(), "", Optional.empty());

        public NetworkAccess {
            links = List.copyOf(links);
        }
    }

    public ContainerSpec spec() {
        return workload.spec();
    }
}
