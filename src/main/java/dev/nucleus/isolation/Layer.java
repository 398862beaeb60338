package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.UnsupportedLayerException;

/** Adds one subsystem's part to a plan. Called in the order of {@code @Order}. */
interface Layer {

    /**
     * @throws UnsupportedLayerException when this host can't apply the layer and the posture requires it
     */
    void contribute(PreparedLaunch launch, LaunchPlan.Builder plan);
}
