package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.spec.VolumeMount;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Explains where a container can execute files that it has written: nowhere, unless {@code exec} is set. */
final class ExecutionRules {

    private static final String LAYER = FilesystemLayer.NAME;

    private ExecutionRules() {}

    /**
     * Files in writable mounts can't be executed, neither by name nor through the loader or an executable mapping
     * (mount(2), MS_NOEXEC), unless {@code exec} is set.
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
                                "run programs in " + places + " through the loader, or code mapped from there",
                                "gVisor enforces noexec only at program start; only its own kernel is affected");
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
