package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.Capability;
import dev.nucleus.policy.CapabilityPolicy;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.UnsupportedLayerException;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Network;
import dev.nucleus.spec.Security;
import dev.nucleus.spec.UserNamespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** Drops all capabilities from every set except those the spec keeps, and sets per-process resource limits. */
@Component
@Order(50)
final class CapabilitiesLayer implements Layer {

    private static final int RLIMIT_CORE = 4;
    private static final int RLIMIT_NPROC = 6;
    private static final int RLIMIT_NOFILE = 7;
    private static final int RLIMIT_MEMLOCK = 8;
    private static final long MEMLOCK_BYTES = 65_536;
    /**
     * Not 0: that prevents core files, but a handler that the host pipes core dumps to is still started, as root. A
     * limit of 1 starts none (core(5), "Piping core dumps to a program"; fs/coredump.c, do_coredump), and is too small
     * for a file.
     */
    static final LaunchPlan.Rlimits.Rlimit NO_CORE_HANDLER = new LaunchPlan.Rlimits.Rlimit("core", RLIMIT_CORE, 1, 1);

    /** As ModePolicy.networkCapabilities(), for capabilities that a file keeps. */
    private static void hostInterfaces(PreparedLaunch launch, CapabilityPolicy policy) {
        if (launch.spec().network() != Network.BRIDGE
                || !(launch.spec().userNamespace() instanceof UserNamespace.None)) {
            return;
        }
        for (Capability capability : List.of(Capability.NET_ADMIN, Capability.SYS_ADMIN)) {
            if (policy.bounding().contains(capability)) {
                throw new UnsupportedLayerException("capability-policy: with " + capability
                        + ", a container on a network could change the host's interfaces; write user-namespace: auto");
            }
        }
    }

    @Override
    public void contribute(PreparedLaunch launch, LaunchPlan.Builder plan) {
        Security security = launch.spec().security();
        CapabilityPolicy policy = launch.policies()
                .capabilities()
                .orElseGet(() -> CapabilityPolicy.keeping(security.capabilities().stream()
                        .flatMap(name -> Capability.find(name).stream())
                        .collect(Collectors.toSet())));
        hostInterfaces(launch, policy);
        if (policy.bounding().contains(Capability.SETFCAP) && lendsCapabilities(launch.spec())) {
            policy = policy.without(Capability.SETFCAP);
            plan.cannot(
                    "capabilities",
                    "give a file capabilities (SETFCAP)",
                    "its files are on the host too, where any user could run them; with a user namespace it can");
        }
        plan.capabilities(new LaunchPlan.Capabilities(
                CapabilityPolicy.bits(policy.bounding()),
                CapabilityPolicy.bits(policy.effective()),
                CapabilityPolicy.bits(policy.inheritable()),
                CapabilityPolicy.bits(policy.ambient())));
        String because =
                security.capabilityPolicy().map(file -> "policy " + file).orElse("capabilities:");
        if (policy.bounding().isEmpty()) {
            plan.cannot("capabilities", "do anything that needs root", "all capabilities are dropped");
        } else if (policy.effective().isEmpty()) {
            plan.can("capabilities", "gain " + names(policy.bounding()) + " from file capabilities", because);
        } else {
            plan.can("capabilities", "use " + names(policy.effective()), because);
        }
        plan.cannot("no_new_privs", "gain privileges through a set-user-ID program", "no_new_privs is set");
        limits(launch, plan);
    }

    /**
     * Whether its file capabilities would be effective on the host: those set in a user namespace are effective only
     * there (capabilities(7), "Namespaced file capabilities").
     */
    private static boolean lendsCapabilities(ContainerSpec spec) {
        return SeccompLayer.canReachPersistentFiles(spec)
                && spec.userNamespace().equals(UserNamespace.NONE);
    }

    private static String names(Set<Capability> capabilities) {
        return capabilities.stream().sorted().map(Capability::name).collect(Collectors.joining(", "));
    }

    /**
     * RLIMIT_NPROC counts a user's processes across all containers that run as that user, so one could starve another:
     * it is set only where no control group limits the container itself. Otherwise the manager's own limit is inherited
     * ({@code LimitNPROC=} of its unit); raising it would need CAP_SYS_RESOURCE. gVisor counts in its own kernel.
     */
    private static void limits(PreparedLaunch launch, LaunchPlan.Builder plan) {
        var limits = new ArrayList<LaunchPlan.Rlimits.Rlimit>();
        long files = launch.spec().resources().openFiles();
        long pids = launch.spec().resources().pids();
        if (pids > 0 && (launch.usesGvisor() || !plan.cgroup().limitsProcesses())) {
            limits.add(new LaunchPlan.Rlimits.Rlimit("nproc", RLIMIT_NPROC, pids, pids));
        }
        limits.addAll(List.of(
                new LaunchPlan.Rlimits.Rlimit("nofile", RLIMIT_NOFILE, files, files),
                new LaunchPlan.Rlimits.Rlimit("memlock", RLIMIT_MEMLOCK, MEMLOCK_BYTES, MEMLOCK_BYTES),
                NO_CORE_HANDLER));
        plan.rlimits(new LaunchPlan.Rlimits(launch.posture().rlimitsRequired(), limits));
        plan.cannot("rlimits", "open more than " + files + " files per process", "open-files: " + files);
    }
}
