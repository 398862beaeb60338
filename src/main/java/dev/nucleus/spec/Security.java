package dev.nucleus.spec;

import java.util.List;
import java.util.Optional;

/**
 * What a container is confined by, where the mode leaves a choice.
 *
 * @param seccomp which system calls it may make
 * @param trace every system call is allowed and recorded instead, to learn from (agent mode only)
 * @param capabilities those to keep in every set, without {@code CAP_}
 * @param capabilityPolicy the sets to keep, one by one, from a file instead
 * @param landlock which files it may open for what, from a file; empty: the standard rules
 * @param lockdown what the kernel must be locked down to
 * @param runtime empty: what the trust asks for
 * @param gvisorPlatform empty: what gVisor chooses
 * @param trust empty: nothing is assumed, and it shares the host's kernel
 * @param timeNamespace whether it gets clocks of its own for monotonic and boot time
 * @param allowDegraded whether a layer this host can't apply may be left out (agent mode only)
 */
public record Security(
        PolicySource seccomp,
        boolean trace,
        List<String> capabilities,
        Optional<PolicySource.File> capabilityPolicy,
        Optional<PolicySource.File> landlock,
        Optional<Lockdown> lockdown,
        Optional<Runtime> runtime,
        Optional<GvisorPlatform> gvisorPlatform,
        Optional<Trust> trust,
        boolean timeNamespace,
        boolean allowDegraded) {

    public static final String DEFAULT_SECCOMP = "default";

    public static final Security DEFAULT = new Security(
            new PolicySource.Named(DEFAULT_SECCOMP),
            false,
            List.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            false,
            false);

    public Security {
        capabilities = List.copyOf(capabilities);
        if (!capabilities.isEmpty() && capabilityPolicy.isPresent()) {
            throw new InvalidSpecException("capabilities are a list or a file, not both");
        }
    }

    /** The runtime that was asked for, by name or by a lack of trust. */
    public Runtime requestedRuntime() {
        return runtime.orElse(trust.equals(Optional.of(Trust.UNTRUSTED)) ? Runtime.GVISOR : Runtime.NATIVE);
    }
}
