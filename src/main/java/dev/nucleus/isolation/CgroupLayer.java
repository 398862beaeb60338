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

/** Memory, processor and process limits, as control groups (cgroups(7)). */
@Component
@Order(30)
final class CgroupLayer implements Layer {

    private static final String LAYER = "cgroup";
    /** A loop of 2,000 forks was seen to take 2,029 more on a busy host. */
    private static final int GVISOR_THREADS = 4096;

    private final HostFeatures host;

    CgroupLayer(HostFeatures host) {
        this.host = host;
    }

    @Override
    public void check(LaunchRequest request) {
        if (request.posture().cgroupRequired() && !available()) {
            throw new UnsupportedLayerException(request.spec().mode() + " mode needs control groups, and user "
                    + host.identity().uid()
                    + " was given none; run the manager as root, delegate a control group of version 2 to it (docs/install.md), or "
                    + "use agent mode");
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
                    "use all of the host's memory, processors and process numbers",
                    "rootless: user " + host.identity().uid() + " was given no control group of version 2");
            return;
        }
        CgroupLayout layout = CgroupLayout.of(host.cgroups());
        plan.cgroup(
                layout.plan(launch.posture().cgroupRequired(), CgroupLayout.nameOf(launch.id()), resources(launch)));
        explain(spec, plan);
    }

    /**
     * gVisor's own threads count too, and what it keeps of processes that ended: it gives that back late when processors
     * are busy, and dies when it can't have more.
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
                        "have " + weight + " parts of scarce processors, where others have 100",
                        "cpu-weight: " + weight));
        spec.resources()
                .io()
                .forEach(limit -> plan.cannot(LAYER, "read or write faster than " + limit, "io: " + limit));
        plan.cannot(LAYER, "use a device but null, zero, full, random and terminals", "the devices controller");
        if (spec.resources().pids() > 0) {
            plan.cannot(
                    LAYER,
                    "have more than " + spec.resources().pids() + " processes and threads",
                    "pids: " + spec.resources().pids());
        }
    }
}
