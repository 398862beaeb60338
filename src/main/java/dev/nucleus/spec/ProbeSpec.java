package dev.nucleus.spec;

import java.time.Duration;
import java.util.Optional;

/**
 * A probe and its schedule, with the terms and semantics of Kubernetes.
 *
 * @param initialDelay time from the container's start to the first attempt
 * @param period time from one attempt to the next
 * @param timeout after which an attempt counts as failed
 * @param jitter maximum random delay added to each wait, so that probes that began together do not stay in step
 * @param failures consecutive failures until the probe counts as failed
 * @param successes consecutive successes until it counts as succeeded
 * @param healthcheck additional settings of Compose's {@code healthcheck}; empty: a probe with Kubernetes' semantics
 */
public record ProbeSpec(
        Probe probe,
        Duration initialDelay,
        Duration period,
        Duration timeout,
        Duration jitter,
        int failures,
        int successes,
        Optional<Healthcheck> healthcheck) {

    /**
     * Compose's healthcheck: one probe for readiness and liveness. The period is the time from the end of one attempt
     * to the beginning of the next.
     *
     * @param startPeriod time after the container's start in which failures before the first success don't count
     * @param startInterval replaces the period within that time, before the first success
     * @see <a href="https://docs.docker.com/reference/dockerfile/#healthcheck">Dockerfile reference: HEALTHCHECK</a>
     */
    public record Healthcheck(Duration startPeriod, Duration startInterval) {

        public Healthcheck {
            if (startInterval.compareTo(SHORTEST) < 0) {
                throw new InvalidSpecException("healthcheck: start_interval is at least 10ms");
            }
        }

        /** Whether failures don't count yet. */
        public boolean isStarting(Duration sinceStart, boolean succeeded) {
            return !succeeded && sinceStart.compareTo(startPeriod) < 0;
        }
    }

    public static final Duration DEFAULT_PERIOD = Duration.ofSeconds(10);
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
    public static final int DEFAULT_FAILURES = 3;
    public static final Duration SHORTEST = Duration.ofMillis(10);

    /** A probe with Kubernetes' semantics. */
    public ProbeSpec(
            Probe probe,
            Duration initialDelay,
            Duration period,
            Duration timeout,
            Duration jitter,
            int failures,
            int successes) {
        this(probe, initialDelay, period, timeout, jitter, failures, successes, Optional.empty());
    }

    public ProbeSpec {
        if (period.compareTo(SHORTEST) < 0 || timeout.compareTo(SHORTEST) < 0) {
            throw new InvalidSpecException("a probe's period and timeout are at least 10ms");
        }
        if (failures < 1 || successes < 1) {
            throw new InvalidSpecException("a probe's failures and successes are at least 1");
        }
    }
}
