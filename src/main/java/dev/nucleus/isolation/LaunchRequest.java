package dev.nucleus.isolation;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.policy.Posture;
import dev.nucleus.spec.ContainerSpec;
import java.nio.file.Path;
import java.util.Map;

/**
 * A launch to be planned.
 *
 * @param id 128 random bits as 32 hexadecimal digits
 * @param name unique among live containers
 * @param volumes host directories of the named volumes
 * @param attached whether somebody feeds its standard input
 */
public record LaunchRequest(
        String id,
        String name,
        ContainerSpec spec,
        Posture posture,
        LaunchPlan.Places places,
        Map<String, HostVolume> volumes,
        boolean attached) {

    /** Where a named volume lies; {@code uid} and {@code gid} are given to a directory made for it. */
    public record HostVolume(Path path, java.util.Optional<LaunchPlan.Identity> owner) {}
}
