package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.preparation.PreparedLaunch;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * The user and groups of the workload. Without a user in the spec, it gets a dedicated one: a number from a range that
 * no host assigns, always the same for the same name, so that it keeps owning its volumes.
 */
@Component
@Order(20)
final class IdentityLayer implements Layer {

    private static final String LAYER = "identity";

    @Override
    public void contribute(PreparedLaunch launch, LaunchPlan.Builder plan) {
        LaunchPlan.Identity identity = launch.identity();
        plan.identity(identity);
        if (identity.uid() == 0) {
            plan.can(LAYER, "be root inside", "user: root was requested");
        } else {
            plan.cannot(
                    LAYER,
                    "open files that only root may",
                    "it runs as user " + identity.uid() + (launch.spec().user().isPresent() ? "" : ", its own"));
        }
    }
}
