package dev.nucleus.health;

import java.time.Duration;
import java.time.Instant;

/**
 * One try of a probe.
 *
 * @param detail what was seen: an exit code, a status, an error
 */
public record ProbeAnswer(Role role, Instant at, boolean yes, String detail, Duration took) {

    /** What a probe is asked for. */
    public enum Role {
        READINESS,
        LIVENESS;

        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
