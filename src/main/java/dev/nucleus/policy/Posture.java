package dev.nucleus.policy;

import dev.nucleus.spec.Mode;

/**
 * How strictly the layers of a mode are applied.
 *
 * @param hideProcesses whether /proc shows a user only its own processes
 * @param rootfsAttested whether a root filesystem must match its manifest, and only its owner may be able to change it
 * @param mountsAudited whether every mount is verified before anything runs
 * @param cgroupRequired whether a container doesn't start without its control groups
 * @param rlimitsRequired whether a resource limit that can't be set aborts the launch
 * @param userNamespaceRequired whether no user inside may be a user of the host
 * @param landlockRequired whether a container doesn't start without Landlock at {@code landlockAbi}
 * @param landlockAbi the minimum ABI
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
