package dev.nucleus.policy;

import dev.nucleus.spec.Mode;

/**
 * How strictly the layers of a mode are applied.
 *
 * @param hideProcesses /proc shows a user its own processes only
 * @param rootfsAttested a root filesystem must be what its manifest says, and nobody else's to change
 * @param mountsAudited every mount is looked at again before anything runs
 * @param cgroupRequired without its control groups a container doesn't start
 * @param rlimitsRequired a resource limit that can't be set stops the launch
 * @param userNamespaceRequired no user inside is a user of the host
 * @param landlockRequired without Landlock at {@code landlockAbi} a container doesn't start
 * @param landlockAbi the least version that will do
 */
public record Posture(
        Mode mode,
        boolean hideProcesses,
        boolean rootfsAttested,
        boolean mountsAudited,
        boolean cgroupRequired,
        boolean rlimitsRequired,
        boolean userNamespaceRequired,
        boolean landlockRequired,
        int landlockAbi) {

    static Posture of(Mode mode, boolean degraded) {
        return switch (mode) {
            case AGENT -> new Posture(mode, false, false, false, false, false, false, !degraded, 1);
            case STRICT_AGENT -> new Posture(mode, false, false, false, true, true, true, true, 1);
            case PRODUCTION -> new Posture(mode, true, true, true, true, true, false, true, 3);
        };
    }
}
