package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.LogPolicy;
import java.util.List;
import org.springframework.stereotype.Component;

/** Lets every layer add its part, so that a request becomes a plan. Nothing is carried out. */
@Component
public final class Planner {

    private static final long LOG_FILE_BYTES = 16L << 20;
    private static final int LOG_FILES = 4;

    private final List<Layer> layers;
    private final KernelChoice kernels;

    /** @param layers in the order of their annotations */
    Planner(List<Layer> layers, KernelChoice kernels) {
        this.layers = List.copyOf(layers);
        this.kernels = kernels;
    }

    /**
     * @throws UnsupportedLayerException when this host can't apply a required layer
     * @throws dev.nucleus.spec.InvalidSpecException when the request names a user, file or path that isn't there
     */
    public LaunchPlan plan(LaunchRequest requested) {
        LaunchRequest request = requested.on(kernels.choose(requested));
        var plan = new LaunchPlan.Builder(
                request.id(), request.name(), request.spec().mode(), request.places());
        layers.forEach(layer -> layer.contribute(request, plan));
        return plan.keepStdin(request.workload().input())
                .held(request.held())
                .console(request.workload().console())
                .build(new LaunchPlan.Log(
                        LOG_FILE_BYTES,
                        LOG_FILES,
                        request.spec().log().rate().bytes(),
                        request.spec().log().overflow() == LogPolicy.Overflow.BLOCK));
    }
}
