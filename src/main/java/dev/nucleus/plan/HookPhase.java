package dev.nucleus.plan;

import java.util.Locale;

/**
 * When a hook runs; the ordinals travel on the wire as one more (native/src/launch/plan.h).
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config.md#posix-platform-hooks">OCI runtime
 *     specification, POSIX-platform hooks</a>
 */
public enum HookPhase {
    /** The namespaces are there and nothing is mounted in them. A failure ends the launch. */
    CREATE_RUNTIME,
    /** The command runs. */
    POSTSTART,
    /** Nothing of the container is left, also after a launch that failed. */
    POSTSTOP;

    int number() {
        return ordinal() + 1;
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
