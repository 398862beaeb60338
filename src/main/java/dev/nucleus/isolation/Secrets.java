package dev.nucleus.isolation;

import dev.nucleus.plan.HostPath;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.MountAttributes;
import dev.nucleus.plan.RootfsStep;
import dev.nucleus.preparation.PreparedLaunch;
import dev.nucleus.spec.SecretMount;
import java.util.List;
import java.util.Objects;

/** In-memory copies of secret files. */
final class Secrets {

    private static final String LAYER = FilesystemLayer.NAME;

    private Secrets() {}

    /**
     * Adds copies on a tmpfs that only the workload's user can read and that is made read-only before anything runs.
     */
    static void add(RootTree tree, PreparedLaunch launch, LaunchPlan.Identity identity, LaunchPlan.Builder plan) {
        List<SecretMount> secrets = launch.spec().filesystem().secrets();
        if (secrets.isEmpty()) {
            return;
        }
        tree.directories(SecretMount.FOLDER);
        tree.add(new RootfsStep.Tmpfs(
                SecretMount.FOLDER,
                // Where supported, noswap keeps secrets from being swapped to disk (tmpfs(5), Linux 6.4).
                "size=16M,mode=700,uid=" + identity.uid() + ",gid=" + identity.gid() + ",noswap",
                MountAttributes.NO_SUID | MountAttributes.NO_DEV | MountAttributes.NO_EXEC));
        for (SecretMount secret : secrets) {
            tree.add(new RootfsStep.Secret(
                    secret.target(),
                    HostPath.named(
                            Objects.requireNonNull(launch.files().secrets().get(secret.source()))
                                    .toString()),
                    secret.mode(),
                    identity.uid(),
                    identity.gid()));
            plan.can(LAYER, "read a copy of " + secret.source() + " of the host", "secret at " + secret.target());
        }
        tree.add(new RootfsStep.Seal(SecretMount.FOLDER, MountAttributes.READ_ONLY));
    }
}
