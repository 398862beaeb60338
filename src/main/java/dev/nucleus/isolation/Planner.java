package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.LaunchRequest;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.spec.LogPolicy;
import java.util.List;
import org.springframework.stereotype.Component;

/** Turns a prepared launch into a plan by letting every layer add its part. Reads, reserves and executes nothing. */
@Component
public final class Planner {

    private static final long LOG_FILE_BYTES = 16L << 20;
    private static final int LOG_FILES = 4;

    private final List<Layer> layers;

    /** @param layers in the order of their annotations */
    Planner(List<Layer> layers) {
        this.layers = List.copyOf(layers);
    }

    /**
     * Refuses what this host doesn't support, before a root filesystem is attested for it.
     *
     * @throws dev.nucleus.preparation.UnsupportedLayerException naming what is missing, and the remedy
     */
    public void check(LaunchRequest request) {
        layers.forEach(layer -> layer.check(request));
    }

    /**
     * @throws dev.nucleus.failure.NucleusException when a layer can't be applied as the mode requires, or the
     *     specification names something that doesn't exist: a volume, a mapped user, a system call
     */
    public LaunchPlan plan(PreparedLaunch launch) {
        LaunchRequest request = launch.request();
        var plan = new LaunchPlan.Builder(
                request.id(), request.name(), request.spec().mode(), request.places());
        layers.forEach(layer -> layer.contribute(launch, plan));
        LogPolicy log = request.spec().log();
        return plan.keepStdin(request.workload().input())
                .held(request.held())
                .console(request.workload().console())
                .build(new LaunchPlan.Log(
                        LOG_FILE_BYTES, LOG_FILES, log.rate().bytes(), log.overflow() == LogPolicy.Overflow.BLOCK));
    }
}
