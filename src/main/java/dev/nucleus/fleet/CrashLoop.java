package dev.nucleus.fleet;

import dev.nucleus.health.Cause;
import dev.nucleus.health.ReplicaStatus;
import dev.nucleus.spec.Durations;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How often in a row a replica ended by itself. From the fifth end on it is in a crash loop, and remains so until it has
 * run for the policy's {@code reset-after}. Times are {@link System#nanoTime()}. Confined to the supervising thread.
 */
final class CrashLoop {

    /** The end in a row that makes it a loop. */
    private static final int THRESHOLD = 5;

    /** A thread woken later than that was held up with the whole manager: an end may be on its way to it. */
    private static final long LATE = Duration.ofSeconds(1).toNanos();

    private final Duration resetAfter;
    private final boolean hasReadiness;
    private int ends;
    private Cause lastEnd;
    private boolean running;
    /** When the present run has lasted long enough. */
    private long settled;

    /**
     * @param resetAfter how long a run must last to count as recovered
     * @param hasReadiness whether a readiness probe says if it can serve meanwhile
     * @param ends in a row before
     * @param lastEnd why it is started, when it has not ended since
     */
    CrashLoop(Duration resetAfter, boolean hasReadiness, int ends, Cause lastEnd) {
        this.resetAfter = resetAfter;
        this.hasReadiness = hasReadiness;
        this.ends = ends;
        this.lastEnd = lastEnd;
    }

    /** How often it ended in a row. */
    int ends() {
        return ends;
    }

    Cause lastEnd() {
        return lastEnd;
    }

    boolean isActive() {
        return ends >= THRESHOLD;
    }

    /** A run was found or launched. @param lasted how long it has run already */
    void started(Duration lasted, long now) {
        running = true;
        if (lasted.compareTo(resetAfter) >= 0) {
            ends = 0;
        }
        settled = now + Durations.nanos(resetAfter.minus(lasted.isNegative() ? Duration.ZERO : lasted));
    }

    /**
     * It ended, by itself or because a probe failed.
     *
     * @param lived by the host's clock; empty: it never ran. A clock that was set forward says too much, so that of the
     *     monotonic clock counts as well, where the run was seen from its start
     */
    void ended(Cause cause, Optional<Duration> lived, long now) {
        boolean lasted = lived.filter(life -> life.compareTo(resetAfter) >= 0).isPresent();
        if (lasted && (!running || now - settled >= 0)) {
            ends = 0;
        }
        running = false;
        lastEnd = cause;
    }

    /** It is to be started again. */
    void restarts() {
        ends++;
    }

    /** Nanoseconds until {@link #settle} is due; empty: it is in no crash loop, or not running. */
    OptionalLong untilSettled(long now) {
        return isActive() && running ? OptionalLong.of(Math.max(0, settled - now)) : OptionalLong.empty();
    }

    /** Whether the run has lasted long enough: then it is in a crash loop no more. */
    boolean settle(long now) {
        if (untilSettled(now).orElse(1) > 0) {
            return false;
        }
        if (now - settled > LATE) {
            settled = now + LATE;
            return false;
        }
        ends = 0;
        return true;
    }

    /** What it is like, its crash loop taken into account. What ended for good, or is stopped for its health, says so. */
    Standing mark(Standing standing) {
        return switch (standing.status()) {
            case WAITING, STARTING, RUNNING, READY, NOT_READY, CRASHED, CRASH_LOOP ->
                isActive()
                        ? new Standing(
                                ReplicaStatus.CRASH_LOOP,
                                running ? explain(standing.cause()) : standing.cause(),
                                running && hasReadiness && standing.status() == ReplicaStatus.READY)
                        : standing;
            case UNHEALTHY, FAILED, COMPLETED, STOPPED -> standing;
        };
    }

    private Cause explain(Cause now) {
        return new Cause(
                now.kind(),
                "ended " + ends + " times in a row, last: " + lastEnd.words()
                        + "; in a crash loop until it has run for " + Durations.format(resetAfter) + "; now: "
                        + now.words());
    }
}
