package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.spec.VolumeMount;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Explains where a container can run what it has written: nowhere, unless {@code exec} is set. */
final class ExecutionRules {

    private static final String LAYER = FilesystemLayer.NAME;

    private ExecutionRules() {}

    /**
     * What it can write to, it can't run: neither by name, nor by the loader or a mapping (mount(2), MS_NOEXEC), unless that
     * was asked for.
     */
    static void explain(PreparedLaunch launch, List<MemoryMount> memory, LaunchPlan.Builder plan) {
        List<String> closed = targets(memory, mount -> !mount.execute(), MemoryMount::target);
        List<VolumeMount> volumes = launch.spec().filesystem().volumes();
        List<String> closedVolumes = targets(volumes, volume -> !volume.execute(), VolumeMount::target);
        List<String> open = join(
                targets(memory, MemoryMount::execute, MemoryMount::target),
                targets(volumes, VolumeMount::execute, VolumeMount::target));
        if (launch.usesGvisor()) {
            cannotRun(closedVolumes, plan);
            if (!closed.isEmpty()) {
                String places = String.join(", ", closed);
                plan.cannot(LAYER, "start programs in " + places, "noexec; exec allows it")
                        .can(
                                LAYER,
                                "run programs in " + places + " by their loader, or code mapped from there",
                                "gVisor's kernel, which alone it concerns, minds noexec only when a program is started");
            }
        } else {
            cannotRun(join(closed, closedVolumes), plan);
        }
        if (!open.isEmpty()) {
            plan.can(LAYER, "run programs in " + String.join(", ", open), "exec");
        }
    }

    private static void cannotRun(List<String> targets, LaunchPlan.Builder plan) {
        if (!targets.isEmpty()) {
            plan.cannot(LAYER, "run programs in " + String.join(", ", targets), "noexec; exec allows it");
        }
    }

    private static <T> List<String> targets(List<T> mounts, Predicate<T> which, Function<T, String> target) {
        return mounts.stream().filter(which).map(target).toList();
    }

    private static List<String> join(List<String> first, List<String> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }
}
