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
 * A launch request, and what was read or reserved for it: all that its plan depends on, besides the features of the
 * host's kernel.
 *
 * @param gvisor the kernel of its own that it gets; empty: it has the host's
 * @param identity the workload's user and groups
 * @param hooks the administrator's that concern it, in their order
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
     * Users of the host that its users may be mapped to.
     *
     * @param range the first of those that are its own; empty: it needs none
     * @param subordinate what the host grants the manager's user; nothing where the manager is root
     */
    public record UserIds(OptionalInt range, SubordinateIds subordinate) {}

    /**
     * Rules for system calls, files and capabilities.
     *
     * @param seccomp before it is adapted to the container; empty: every call is traced, and none refused
     * @param landlock the user's own; empty: there is none, or it does not count
     * @param capabilities the user's own
     */
    public record Policies(
            Optional<SeccompProfile> seccomp,
            Optional<LandlockPolicy> landlock,
            Optional<CapabilityPolicy> capabilities) {}

    /**
     * What the specification names on the host.
     *
     * @param secrets the file of each secret, by the name that the specification has for it
     * @param directories those sources of volumes that are directories
     * @param workspaceOwner who owns the workspace on disk; empty: it is copied, or there is none
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

    /** Whether it has a kernel of its own. */
    public boolean usesGvisor() {
        return gvisor.isPresent();
    }
}
