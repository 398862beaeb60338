package dev.nucleus.spec;

import java.util.List;
import java.util.Optional;

/**
 * The confinement of a container, where its mode leaves a choice.
 *
 * @param seccomp profile of the system calls it may make
 * @param trace whether every system call is allowed and recorded instead, to learn a profile (agent mode only)
 * @param capabilities capabilities to keep in every set, without {@code CAP_}
 * @param capabilityPolicy file that lists the capabilities of each set instead
 * @param landlock file with Landlock rules; empty: the default rules
 * @param lockdown required lockdown of the kernel
 * @param runtime empty: chosen by {@code trust}
 * @param gvisorPlatform empty: gVisor's default
 * @param trust empty: unspecified; it shares the host's kernel
 * @param timeNamespace whether it gets its own monotonic and boot-time clocks
 * @param allowDegraded whether a layer that this host can't apply may be skipped (agent mode only)
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

    /** The requested runtime: the named one, else gVisor for an untrusted container. */
    public Runtime requestedRuntime() {
        return runtime.orElse(trust.equals(Optional.of(Trust.UNTRUSTED)) ? Runtime.GVISOR : Runtime.NATIVE);
    }
}
