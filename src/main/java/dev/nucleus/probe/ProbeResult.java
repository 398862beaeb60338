package dev.nucleus.probe;

import dev.nucleus.text.VisibleText;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/**
 * The result of one attempt of a probe.
 *
 * @param kind of the probe: exec, tcp, http, grpc or notify
 * @param detail what was observed: an exit code, a status or an error, on one line and shortened if it is too long
 * @param late how long after it was due the attempt began, without its jitter
 */
public record ProbeResult(
        Role role, String kind, Instant at, boolean success, String detail, Duration took, Duration late) {

    private static final int MAX_DETAIL = 200;

    /** The detail may contain output of the workload. */
    public ProbeResult {
        detail = VisibleText.line(detail, MAX_DETAIL);
    }

    /** What a probe decides. */
    public enum Role {
        STARTUP,
        READINESS,
        LIVENESS;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
