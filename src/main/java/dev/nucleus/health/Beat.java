package dev.nucleus.health;

import dev.nucleus.spec.Durations;
import java.time.Duration;

/** When the next try of a probe is due, by {@link System#nanoTime()}. For one thread at a time. */
final class Beat {

    /**
     * Who comes later than that found many before it, and comes later from then on: so those that fell on one moment
     * spread, and after a while nobody waits for another.
     */
    private static final Duration CROWDED = Duration.ofMillis(20);

    private final Duration period;
    private long due;

    /** @param first when the first try is due */
    Beat(Duration period, long first) {
        this.period = period;
        this.due = first;
    }

    long due() {
        return due;
    }

    /** A try began, later than it was planned for by that much. */
    void began(Duration late) {
        if (late.compareTo(CROWDED) > 0) {
            due += late.toNanos();
        }
    }

    /** It ended, and the next comes so long after that, whenever it would have been due. */
    void ended(long now, Duration wait) {
        due = now + wait.toNanos();
    }

    /** It ended. What was missed while it took long is not made up for. */
    void ended(long now) {
        long next = due + Durations.nanos(period);
        due = next - now > 0 ? next : now;
    }
}
