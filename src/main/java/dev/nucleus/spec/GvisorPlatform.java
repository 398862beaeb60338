package dev.nucleus.spec;

import java.util.Arrays;
import java.util.Locale;

/**
 * How gVisor intercepts a container's system calls.
 *
 * @see <a href="https://gvisor.dev/docs/architecture_guide/platforms/">gVisor, platforms</a>
 */
public enum GvisorPlatform {
    /** By seccomp and signals; gVisor's default since 2023. */
    SYSTRAP,
    /** By virtualisation; requires /dev/kvm. */
    KVM,
    /** By ptrace(2): slow, but available everywhere. */
    PTRACE;

    public static GvisorPlatform parse(String text) {
        return Arrays.stream(values())
                .filter(platform -> platform.toString().equals(text))
                .findFirst()
                .orElseThrow(() -> new InvalidSpecException(
                        "'" + text + "' is not a gVisor platform; write systrap, kvm or ptrace"));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
