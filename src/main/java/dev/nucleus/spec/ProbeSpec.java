package dev.nucleus.spec;

import java.time.Duration;

/**
 * A probe and when it is tried, in the words and meanings of Kubernetes.
 *
 * @param initialDelay from the container's start to the first try
 * @param period from one try to the next
 * @param timeout after which a try counts as failed
 * @param jitter the most by which a wait is longer, at random: so that what began together doesn't go on together
 * @param failures how many in a row turn the answer to no
 * @param successes how many in a row turn it to yes
 */
public record ProbeSpec(
        Probe probe,
        Duration initialDelay,
        Duration period,
        Duration timeout,
        Duration jitter,
        int failures,
        int successes) {

    public static final Duration DEFAULT_PERIOD = Duration.ofSeconds(10);
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
    public static final int DEFAULT_FAILURES = 3;
    static final Duration SHORTEST = Duration.ofMillis(10);

    public ProbeSpec {
        if (period.compareTo(SHORTEST) < 0 || timeout.compareTo(SHORTEST) < 0) {
            throw new InvalidSpecException("a probe's period and timeout are at least 10ms");
        }
        if (failures < 1 || successes < 1) {
            throw new InvalidSpecException("a probe's failures and successes are at least 1");
        }
    }
}
