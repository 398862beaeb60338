package dev.nucleus.learning;

import dev.nucleus.policy.Capability;
import dev.nucleus.policy.LandlockPolicy;
import dev.nucleus.policy.SeccompProfile;
import java.util.List;
import java.util.Set;

/**
 * The tightest policies that a traced workload can run with.
 *
 * @param destinations addresses with ports that it connected to, such as {@code 10.0.0.1:443}
 * @param notes what was granted beyond what was seen, and what was seen and not granted; sentences
 */
public record LearntPolicy(
        SeccompProfile seccomp,
        LandlockPolicy landlock,
        Set<Capability> capabilities,
        List<String> destinations,
        List<String> notes) {}
