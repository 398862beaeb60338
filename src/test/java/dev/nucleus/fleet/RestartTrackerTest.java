package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RestartTrackerTest {

    private static final Cause END_BEFORE = Cause.operator("before");

    private static final Duration RESET = Duration.ofMinutes(10);
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();
    private static final Cause EXIT = new Cause(Cause.Kind.EXIT, "exit code 3");

    /** Wraps around during a test, as the monotonic clock may. */
    private long now = Long.MAX_VALUE - MINUTE;

    private RestartTracker crash(RestartTracker loop, int times) {
        RestartTracker crashed = loop;
        for (int i = 0; i < times; i++) {
            crashed = crashed.started(Duration.ZERO, now)
                    .ended(EXIT, Optional.of(Duration.ofMillis(100)), now)
                    .restarting();
        }
        return crashed;
    }

    private static RestartTracker loop(boolean hasReadiness) {
        return new RestartTracker(RESET, hasReadiness, 0, END_BEFORE);
    }

    private static StatusWithCause withCause(ReplicaStatus status) {
        return StatusWithCause.of(status, Cause.probe("readiness: status 200"));
    }

    @Test
    void fiveExitsInARowAreACrashLoop() {
        assertThat(crash(loop(false), 4).isCrashLoop()).isFalse();
        assertThat(crash(loop(false), 5).isCrashLoop()).isTrue();
    }

    @Test
    void theCountOfAnEarlierManagerIsContinued() {
        assertThat(new RestartTracker(RESET, false, 13, END_BEFORE).isCrashLoop())
                .isTrue();
    }

    @ParameterizedTest
    @EnumSource(names = {"WAITING", "STARTING", "RUNNING", "READY", "NOT_READY", "CRASHED"})
    void aCrashLoopContinuesWhateverTheReplicaDoes(ReplicaStatus status) {
        RestartTracker loop = crash(loop(false), 5);
        assertThat(loop.mark(withCause(status)).status()).isEqualTo(ReplicaStatus.CRASH_LOOP);

        loop = loop.started(Duration.ZERO, now);
        StatusWithCause marked = loop.mark(withCause(status));

        assertThat(marked.status()).isEqualTo(ReplicaStatus.CRASH_LOOP);
        assertThat(marked.serving()).as("without a readiness probe").isFalse();
        assertThat(marked.cause().words())
                .isEqualTo("ended 5 times in a row, last: exit code 3; in a crash loop until it has run for 10m; "
                        + "now: readiness: status 200");
    }

    @ParameterizedTest
    @EnumSource(names = {"UNHEALTHY", "FAILED", "COMPLETED", "STOPPED"})
    void finalAndUnhealthyStatusesReplaceACrashLoop(ReplicaStatus status) {
        assertThat(crash(loop(true), 5).mark(withCause(status))).isEqualTo(withCause(status));
    }

    @Test
    void aReplicaInACrashLoopServesIfItsReadinessProbeSucceeds() {
        RestartTracker loop = crash(loop(true), 5);
        loop = loop.started(Duration.ZERO, now);

        assertThat(loop.mark(withCause(ReplicaStatus.READY)).serving()).isTrue();
        assertThat(loop.mark(withCause(ReplicaStatus.NOT_READY)).serving()).isFalse();
        assertThat(loop.mark(withCause(ReplicaStatus.STARTING)).serving()).isFalse();
    }

    @Test
    void aCrashLoopEndsWhenTheReplicaHasRunLongEnough() {
        RestartTracker loop = crash(loop(false), 7);
        assertThat(loop.untilReset(now)).as("not running").isEmpty();
        loop = loop.started(Duration.ZERO, now);
        assertThat(loop.untilReset(now)).isEqualTo(OptionalLong.of(RESET.toNanos()));

        now += RESET.toNanos() - 1;
        assertThat(loop.onTimer(now)).isEqualTo(loop);
        now += 1;
        loop = loop.onTimer(now);

        assertThat(loop.isCrashLoop()).isFalse();
        assertThat(loop.ends()).isZero();
        assertThat(loop.mark(withCause(ReplicaStatus.RUNNING))).isEqualTo(withCause(ReplicaStatus.RUNNING));
    }

    @Test
    void timeThatItRanUnderAnEarlierManagerCounts() {
        var loop = new RestartTracker(RESET, false, 5, END_BEFORE);
        loop = loop.started(Duration.ofMinutes(9), now);

        assertThat(loop.untilReset(now)).isEqualTo(OptionalLong.of(MINUTE));
    }

    @Test
    void aReplicaThatRecoveredUnderAnEarlierManagerIsInNoCrashLoop() {
        var loop = new RestartTracker(RESET, false, 5, END_BEFORE);
        loop = loop.started(Duration.ofHours(1), now);

        assertThat(loop.isCrashLoop()).isFalse();
        assertThat(loop.mark(withCause(ReplicaStatus.RUNNING)).status()).isEqualTo(ReplicaStatus.RUNNING);
    }

    @Test
    void aDelayedManagerHandlesAnExitBeforeTheReset() {
        RestartTracker loop = crash(loop(false), 5);
        loop = loop.started(Duration.ZERO, now);
        now += RESET.toNanos() + 2 * MINUTE;
        loop = loop.onTimer(now);
        assertThat(loop.isCrashLoop()).as("an exit may still be unhandled").isTrue();

        loop = loop.ended(EXIT, Optional.of(Duration.ofSeconds(1)), now);

        assertThat(loop.isCrashLoop()).isTrue();
    }

    @Test
    void settingTheClockForwardMakesNoLongRun() {
        RestartTracker loop = crash(loop(false), 4);
        loop = loop.started(Duration.ZERO, now);
        now += MINUTE;

        loop = loop.ended(EXIT, Optional.of(Duration.ofDays(1)), now);

        assertThat(loop.ends()).isEqualTo(4);
    }

    @Test
    void aLongRunThatEndedWithoutAManagerResetsTheCount() {
        var loop = new RestartTracker(RESET, false, 5, END_BEFORE);

        loop = loop.ended(EXIT, Optional.of(RESET), now);

        assertThat(loop.ends()).isZero();
    }

    @Test
    void aResetTimeBeyondTheClocksRangeNeverElapses() {
        var loop = new RestartTracker(Duration.ofDays(999_999), false, 5, END_BEFORE);
        loop = loop.started(Duration.ZERO, now);
        now += Duration.ofDays(365).toNanos();

        assertThat(loop.onTimer(now)).isEqualTo(loop);
        assertThat(loop.untilReset(now)).isNotEmpty();
    }

    @Test
    void aRunOfExactlyTheResetTimeCounts() {
        var found = new RestartTracker(RESET, false, 5, END_BEFORE).started(RESET, now);
        assertThat(found.ends()).isZero();

        RestartTracker seen = crash(loop(false), 5).started(Duration.ZERO, now);
        assertThat(seen.ended(EXIT, Optional.of(RESET), now + RESET.toNanos() - 1)
                        .ends())
                .as("by the monotonic clock it was shorter")
                .isEqualTo(5);
        assertThat(seen.ended(EXIT, Optional.of(RESET), now + RESET.toNanos()).ends())
                .isZero();
        assertThat(seen.ended(EXIT, Optional.of(RESET.minusNanos(1)), now + RESET.toNanos())
                        .ends())
                .as("by the host's clock it was shorter")
                .isEqualTo(5);
    }

    @Test
    void aTimerThatFiresLateWaitsForOneMoreSecond() {
        RestartTracker running = crash(loop(false), 5).started(Duration.ZERO, now);
        long second = Duration.ofSeconds(1).toNanos();
        now += RESET.toNanos() + second;
        assertThat(running.onTimer(now).isCrashLoop()).as("not late yet").isFalse();

        now += 1;
        RestartTracker waiting = running.onTimer(now);
        assertThat(waiting.untilReset(now)).hasValue(second);
        assertThat(waiting.onTimer(now + second).isCrashLoop()).isFalse();
    }
}
