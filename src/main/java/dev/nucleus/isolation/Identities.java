package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.User;
import java.nio.file.Path;

/** Users of a container by name. */
public final class Identities {

    private Identities() {}

    /**
     * @param root the container's root filesystem, or the host's
     * @throws dev.nucleus.spec.InvalidSpecException when there is no such user or group
     */
    public static LaunchPlan.Identity resolve(User user, Path root) {
        return IdentityLayer.resolve(user, new Accounts(root));
    }
}
