package dev.nucleus.fleet;

import dev.nucleus.spec.Durations;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Counts how often in a row a replica ended by itself. From the fifth end on it is in a crash loop, and stays in it
 * until it has run for the policy's {@code reset-after}. Immutable; times are {@link System#nanoTime()}.
 *
 * @param resetAfter how long a run must last for the count to start again
 * @param hasReadiness whether a readiness probe decides if the replica serves during a crash loop
 * @param ends number of consecutive runs that ended or failed to launch
 * @param lastEnd why it ended last, or why it is started if it has not ended
 * @param isRunning whether a run is under way
 * @param resetAt when the present run will have lasted long enough
 */
record RestartTracker(
        Duration resetAfter, boolean hasReadiness, int ends, Cause lastEnd, boolean isRunning, long resetAt) {

    private static final int CRASH_LOOP_THRESHOLD = 5;

    /** A timer that fires later than this was delayed with the whole manager: an end may be queued behind it. */
    private static final long LATE = Duration.ofSeconds(1).toNanos();

    RestartTracker(Duration resetAfter, boolean hasReadiness, int ends, Cause lastEnd) {
        this(resetAfter, hasReadiness, ends, lastEnd, false, 0);
    }

    boolean isCrashLoop() {
        return ends >= CRASH_LOOP_THRESHOLD;
    }

    /**
     * A run was found or launched.
     *
     * @param lasted how long it has run already
     */
    RestartTracker started(Duration lasted, long now) {
        Duration left = resetAfter.minus(lasted.isNegative() ? Duration.ZERO : lasted);
        return new RestartTracker(
                resetAfter,
                hasReadiness,
                lasted.compareTo(resetAfter) >= 0 ? 0 : ends,
                lastEnd,
                true,
                now + Durations.nanos(left));
    }

    /**
     * A run ended by itself or because a probe failed.
     *
     * @param lived by the host's clock; empty: it never ran. A clock that was set forward overstates it, so the
     *     monotonic clock must agree if this manager saw the start
     */
    RestartTracker ended(Cause cause, Optional<Duration> lived, long now) {
        boolean hasLasted =
                lived.filter(life -> life.compareTo(resetAfter) >= 0).isPresent();
        boolean resets = hasLasted && (!isRunning || now - resetAt >= 0);
        return new RestartTracker(resetAfter, hasReadiness, resets ? 0 : ends, cause, false, resetAt);
    }

    /** The replica is to be started again. */
    RestartTracker restarting() {
        return new RestartTracker(resetAfter, hasReadiness, ends + 1, lastEnd, isRunning, resetAt);
    }

    /** Nanoseconds until {@link #onTimer} is due; empty: there is no crash loop, or nothing runs. */
    OptionalLong untilReset(long now) {
        return isCrashLoop() && isRunning ? OptionalLong.of(Math.max(0, resetAt - now)) : OptionalLong.empty();
    }

    /** Ends the crash loop if the run has lasted long enough. */
    RestartTracker onTimer(long now) {
        if (untilReset(now).orElse(1) > 0) {
            return this;
        }
        if (now - resetAt > LATE) {
            return new RestartTracker(resetAfter, hasReadiness, ends, lastEnd, isRunning, now + LATE);
        }
        return new RestartTracker(resetAfter, hasReadiness, 0, lastEnd, isRunning, resetAt);
    }

    /**
     * The status with the crash loop taken into account. A replica that has ended or is being stopped keeps its status.
     */
    StatusWithCause mark(StatusWithCause status) {
        return switch (status.status()) {
            case WAITING, STARTING, RUNNING, READY, NOT_READY, CRASHED, CRASH_LOOP ->
                isCrashLoop()
                        ? new StatusWithCause(
                                ReplicaStatus.CRASH_LOOP,
                                isRunning ? explain(status.cause()) : status.cause(),
                                isRunning && hasReadiness && status.status() == ReplicaStatus.READY)
                        : status;
            case UNHEALTHY, FAILED, COMPLETED, STOPPED -> status;
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
