package dev.nucleus.isolation;

import dev.nucleus.cgroup.CgroupLayout;
import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.LaunchRequest;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.UnsupportedLayerException;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.Resources;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** Limits on memory, processors and processes, set on control groups (cgroups(7)). */
@Component
@Order(30)
final class CgroupLayer implements Layer {

    private static final String LAYER = "cgroup";
    /** Room for gVisor's own threads: on a busy host, a loop of 2,000 forks was seen to take 2,029 more. */
    private static final int GVISOR_THREADS = 4096;

    private final HostFeatures host;

    CgroupLayer(HostFeatures host) {
        this.host = host;
    }

    @Override
    public void check(LaunchRequest request) {
        if (request.posture().cgroupRequired() && !available()) {
            throw new UnsupportedLayerException(request.spec().mode()
                    + " mode needs control groups, but no cgroup v2 directory is delegated to user "
                    + host.identity().uid()
                    + "; run the manager as root, delegate a directory to it (docs/install.md), or use agent mode");
        }
    }

    private boolean available() {
        return host.identity().root() || host.cgroups().delegated();
    }

    @Override
    public void contribute(PreparedLaunch launch, LaunchPlan.Builder plan) {
        check(launch.request());
        ContainerSpec spec = launch.spec();
        if (!available()) {
            plan.cgroup(CgroupLayout.none());
            plan.can(
                    LAYER,
                    "use all of the host's memory, processors and process IDs",
                    "rootless: no cgroup v2 directory is delegated to user "
                            + host.identity().uid());
            return;
        }
        CgroupLayout layout = CgroupLayout.of(host.cgroups());
        plan.cgroup(
                layout.plan(launch.posture().cgroupRequired(), CgroupLayout.nameOf(launch.id()), resources(launch)));
        explain(spec, plan);
    }

    /**
     * gVisor's own threads count towards the limit, as do those that it keeps of exited processes: it releases them
     * late when processors are busy, and dies when it can't create more.
     */
    private static Resources resources(PreparedLaunch launch) {
        Resources asked = launch.spec().resources();
        if (!launch.usesGvisor() || asked.pids() == 0) {
            return asked;
        }
        return new Resources(
                asked.memory(),
                asked.swap(),
                asked.cpus(),
                asked.cpuWeight(),
                asked.pids() + GVISOR_THREADS,
                asked.openFiles(),
                asked.io());
    }

    private static void explain(ContainerSpec spec, LaunchPlan.Builder plan) {
        spec.resources()
                .memory()
                .ifPresentOrElse(
                        memory -> plan.cannot(
                                LAYER,
                                "use more than " + memory + " of memory"
                                        + (spec.resources().swap().isPresent() ? "" : ", or any swap"),
                                "memory: " + memory),
                        () -> plan.can(LAYER, "use all of the host's memory", "no memory limit"));
        spec.resources()
                .cpus()
                .ifPresentOrElse(
                        cpus -> plan.cannot(
                                LAYER,
                                "use more than " + cpus + (cpus.value() == 1 ? " processor" : " processors"),
                                cpus.quotaMicros() / 1000 + " ms in each " + Cpus.PERIOD_MICROS / 1000 + " ms"),
                        () -> plan.can(LAYER, "use all of the host's processors", "no cpu limit"));
        spec.resources().swap().ifPresent(swap -> plan.can(LAYER, "swap out " + swap, "swap: " + swap));
        spec.resources()
                .cpuWeight()
                .ifPresent(weight -> plan.can(
                        LAYER,
                        "compete for processors with weight " + weight + ", where the default is 100",
                        "cpu-weight: " + weight));
        spec.resources()
                .io()
                .forEach(limit -> plan.cannot(LAYER, "read or write faster than " + limit, "io: " + limit));
        plan.cannot(LAYER, "use any device but null, zero, full, random and terminals", "the devices controller");
        if (spec.resources().pids() > 0) {
            plan.cannot(
                    LAYER,
                    "have more than " + spec.resources().pids() + " processes and threads",
                    "pids: " + spec.resources().pids());
        }
    }
}
