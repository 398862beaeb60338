package dev.nucleus.preparation;

import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.ModePolicy;
import dev.nucleus.spec.ContainerSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Prepares launches without a manager, for a described host and with this machine's files. */
public final class Preparations {

    private Preparations() {}

    /** @param runsc gVisor's program; empty if there is none */
    public static Preparation of(HostFeatures host, Optional<Path> runsc) {
        return of(host, runsc, new IdRanges());
    }

    static Preparation of(HostFeatures host, Optional<Path> runsc, IdRanges ranges) {
        return new Preparation(
                host, new KernelChoice(host, () -> runsc), new HookPrograms(new HookProperties(List.of())), ranges);
    }

    public static LaunchRequest request(String name, ContainerSpec spec) {
        return new LaunchRequest(
                "0123456789abcdef0123456789abcdef",
                name,
                Workload.of(spec),
                ModePolicy.check(spec),
                new LaunchPlan.Places("/d", "/s", "/r", List.of()),
                Path.of("/copies"),
                false,
                LaunchRequest.Sources.NONE,
                LaunchRequest.NetworkAccess.NONE);
    }
}
