package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.LaunchRequest;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.preparation.UnsupportedLayerException;

/** Adds one subsystem's part to a plan. Called in the order of {@code @Order}. */
interface Layer {

    /**
     * Refuses what can be refused before anything is read for the launch.
     *
     * @throws UnsupportedLayerException when this host can't apply the layer as the request requires it
     */
    default void check(LaunchRequest request) {}

    /**
     * @throws UnsupportedLayerException when this host can't apply the layer and the posture requires it
     * @throws dev.nucleus.failure.NucleusException when the specification contradicts what was prepared
     */
    void contribute(PreparedLaunch launch, LaunchPlan.Builder plan);
}
