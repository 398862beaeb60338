package dev.nucleus.plan;

import java.util.Locale;

/**
 * The time at which a hook runs; sent on the wire as the ordinal plus one (native/src/launch/plan.h).
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config.md#posix-platform-hooks">OCI runtime
 *     specification, POSIX-platform hooks</a>
 */
public enum HookPhase {
    /** The namespaces exist, and nothing is mounted in them yet. A failure aborts the launch. */
    CREATE_RUNTIME,
    /** The command is running. */
    POSTSTART,
    /** Nothing of the container is left; runs after a failed launch too. */
    POSTSTOP;

    int number() {
        return ordinal() + 1;
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
