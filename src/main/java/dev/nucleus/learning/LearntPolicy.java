package dev.nucleus.learning;

import dev.nucleus.policy.Capability;
import dev.nucleus.policy.LandlockPolicy;
import dev.nucleus.policy.SeccompProfile;
import java.util.List;
import java.util.Set;

/**
 * The tightest policies that a traced workload can run with.
 *
 * @param destinations addresses and ports that the workload connected to, such as {@code 10.0.0.1:443}
 * @param notes sentences about what was granted without being observed, and what was observed but not granted
 */
public record LearntPolicy(
        SeccompProfile seccomp,
        LandlockPolicy landlock,
        Set<Capability> capabilities,
        List<String> destinations,
        List<String> notes) {}
