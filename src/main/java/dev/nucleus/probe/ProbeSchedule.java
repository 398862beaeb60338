package dev.nucleus.probe;

import dev.nucleus.spec.Durations;
import java.time.Duration;

/** When the next attempt of a probe is due, by {@link System#nanoTime()}. For one thread at a time. */
final class ProbeSchedule {

    /**
     * An attempt that begins later than this had to wait for many others, and is due later from then on. So attempts
     * that were due at one moment spread.
     */
    private static final Duration CROWDED = Duration.ofMillis(20);

    private final Duration period;
    private long due;

    /** @param first when the first attempt is due */
    ProbeSchedule(Duration period, long first) {
        this.period = period;
        this.due = first;
    }

    long due() {
        return due;
    }

    /**
     * An attempt began.
     *
     * @param late how long after it was planned
     */
    void began(Duration late) {
        if (late.compareTo(CROWDED) > 0) {
            due += late.toNanos();
        }
    }

    /** An attempt ended, and the next is due {@code wait} after that. */
    void ended(long now, Duration wait) {
        due = now + wait.toNanos();
    }

    /** An attempt ended. Attempts that were missed because it took long are not made up for. */
    void ended(long now) {
        long next = due + Durations.nanos(period);
        due = next - now > 0 ? next : now;
    }
}
