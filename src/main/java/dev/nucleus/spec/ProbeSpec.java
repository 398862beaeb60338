package dev.nucleus.spec;

import java.time.Duration;
import java.util.Optional;

/**
 * A probe and its schedule, in the words and meanings of Kubernetes.
 *
 * @param initialDelay from the container's start to the first attempt
 * @param period from one attempt to the next
 * @param timeout after which an attempt counts as failed
 * @param jitter maximum random delay added to each wait, so that probes that began together do not stay in step
 * @param failures how many in a row make it fail
 * @param successes how many in a row make it succeed
 * @param healthcheck how it differs where Compose's {@code healthcheck} gave it
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
     * Compose's healthcheck: one probe for readiness and liveness. The period is from the end of one attempt to the beginning of
     * the next.
     *
     * @param startPeriod from the container's start: what fails within it, before the first success, doesn't count
     * @param startInterval in place of the period, within that time and before the first success
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

    /** One in Kubernetes' sense. */
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
