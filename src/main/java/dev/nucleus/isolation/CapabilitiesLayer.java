package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.Capability;
import dev.nucleus.policy.CapabilityPolicy;
import dev.nucleus.spec.Security;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** All capabilities dropped from every set but those the spec keeps; and resource limits per process. */
@Component
@Order(50)
final class CapabilitiesLayer implements Layer {

    private static final int RLIMIT_CORE = 4;
    private static final int RLIMIT_NPROC = 6;
    private static final int RLIMIT_NOFILE = 7;
    private static final int RLIMIT_MEMLOCK = 8;
    private static final long MEMLOCK_BYTES = 65_536;

    @Override
    public void contribute(LaunchRequest request, LaunchPlan.Builder plan) {
        Security security = request.spec().security();
        CapabilityPolicy policy = security.capabilityPolicy()
                .map(CapabilityPolicy::read)
                .orElseGet(() -> CapabilityPolicy.keeping(security.capabilities().stream()
                        .flatMap(name -> Capability.find(name).stream())
                        .collect(Collectors.toSet())));
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
            plan.can("capabilities", "gain " + names(policy.bounding()) + " by a program's own capabilities", because);
        } else {
            plan.can("capabilities", "use " + names(policy.effective()), because);
        }
        plan.cannot("no_new_privs", "gain privileges by a set-user-ID program", "no_new_privs is set");
        limits(request, plan);
    }

    private static String names(Set<Capability> capabilities) {
        return capabilities.stream().sorted().map(Capability::name).collect(Collectors.joining(", "));
    }

    private static void limits(LaunchRequest request, LaunchPlan.Builder plan) {
        var limits = new java.util.ArrayList<LaunchPlan.Rlimits.Rlimit>();
        long files = request.spec().resources().openFiles();
        if (request.spec().resources().pids() > 0) {
            long pids = request.spec().resources().pids();
            limits.add(new LaunchPlan.Rlimits.Rlimit("nproc", RLIMIT_NPROC, pids, pids));
        }
        limits.addAll(List.of(
                new LaunchPlan.Rlimits.Rlimit("nofile", RLIMIT_NOFILE, files, files),
                new LaunchPlan.Rlimits.Rlimit("memlock", RLIMIT_MEMLOCK, MEMLOCK_BYTES, MEMLOCK_BYTES),
                new LaunchPlan.Rlimits.Rlimit("core", RLIMIT_CORE, 0, 0)));
        plan.rlimits(new LaunchPlan.Rlimits(request.posture().rlimitsRequired(), limits));
        plan.cannot("rlimits", "open more than " + files + " files per process", "open-files: " + files);
    }
}
