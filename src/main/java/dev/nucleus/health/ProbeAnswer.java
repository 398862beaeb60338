package dev.nucleus.health;

import dev.nucleus.text.VisibleText;
import java.time.Duration;
import java.time.Instant;

/**
 * One try of a probe.
 *
 * @param kind of the probe: exec, tcp, http or grpc
 * @param detail what was seen: an exit code, a status, an error; one line, cut where it is too long
 * @param late how long after it was due it was begun, its jitter aside
 */
public record ProbeAnswer(
        Role role, String kind, Instant at, boolean yes, String detail, Duration took, Duration late) {

    private static final int LONGEST_DETAIL = 200;

    /** The detail may be the workload's own words. */
    public ProbeAnswer {
        detail = VisibleText.line(detail, LONGEST_DETAIL);
    }

    /** What a probe is asked for. */
    public enum Role {
        STARTUP,
        READINESS,
        LIVENESS;

        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
