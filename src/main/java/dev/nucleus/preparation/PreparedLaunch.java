package dev.nucleus.preparation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.CapabilityPolicy;
import dev.nucleus.policy.LandlockPolicy;
import dev.nucleus.policy.Posture;
import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.spec.ContainerSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A launch request, and everything that was read or reserved for it: all that its plan depends on, besides the features
 * of the host's kernel.
 *
 * @param gvisor its separate kernel; empty: it uses the host's
 * @param identity the workload's user and groups
 * @param hooks the administrator's hooks that apply to it, in order
 */
public record PreparedLaunch(
        LaunchRequest request,
        Optional<Gvisor> gvisor,
        LaunchPlan.Identity identity,
        UserIds userIds,
        ContainerRoot root,
        Policies policies,
        HostFiles files,
        List<PreparedHook> hooks) {

    public PreparedLaunch {
        hooks = List.copyOf(hooks);
    }

    /**
     * Host users that the container's users may be mapped to.
     *
     * @param range first user of the range reserved for it; empty: it needs none
     * @param subordinate ranges that the host grants the manager's user; none if the manager is root
     */
    public record UserIds(OptionalInt range, SubordinateIds subordinate) {}

    /**
     * Rules for system calls, files and capabilities.
     *
     * @param seccomp the profile before it is adapted to the container; empty: every call is traced, and none is
     *     refused
     * @param landlock the user's own policy; empty: there is none, or it doesn't apply
     * @param capabilities the user's own policy
     */
    public record Policies(
            Optional<SeccompProfile> seccomp,
            Optional<LandlockPolicy> landlock,
            Optional<CapabilityPolicy> capabilities) {}

    /**
     * Host files that the specification names.
     *
     * @param secrets the file of each secret, by its name in the specification
     * @param directories the sources of volumes that are directories
     * @param workspaceOwner owner of the workspace on disk; empty: it is copied, or there is none
     */
    public record HostFiles(
            Map<String, Path> secrets, Set<String> directories, Optional<LaunchPlan.Identity> workspaceOwner) {

        public HostFiles {
            secrets = Map.copyOf(secrets);
            directories = Set.copyOf(directories);
        }
    }

    public String id() {
        return request.id();
    }

    public String name() {
        return request.name();
    }

    public ContainerSpec spec() {
        return request.spec();
    }

    public Posture posture() {
        return request.posture();
    }

    /** Whether the container has a kernel of its own. */
    public boolean usesGvisor() {
        return gvisor.isPresent();
    }
}
