package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.health.Cause;
import dev.nucleus.health.ReplicaStatus;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CrashLoopTest {

    private static final Cause END_BEFORE = Cause.operator("before");

    private static final Duration RESET = Duration.ofMinutes(10);
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();
    private static final Cause EXIT = new Cause(Cause.Kind.EXIT, "exit code 3");

    /** Wraps around meanwhile, as the monotonic clock may. */
    private long now = Long.MAX_VALUE - MINUTE;

    private CrashLoop crash(CrashLoop loop, int times) {
        for (int i = 0; i < times; i++) {
            loop.started(Duration.ZERO, now);
            loop.ended(EXIT, Optional.of(Duration.ofMillis(100)), now);
            loop.restarts();
        }
        return loop;
    }

    private static CrashLoop loop(boolean hasReadiness) {
        return new CrashLoop(RESET, hasReadiness, 0, END_BEFORE);
    }

    private static Standing standing(ReplicaStatus status) {
        return Standing.of(status, Cause.probe("readiness: status 200"));
    }

    @Test
    void fiveEndsInARowAreALoop() {
        assertThat(crash(loop(false), 4).isActive()).isFalse();
        assertThat(crash(loop(false), 5).isActive()).isTrue();
    }

    @Test
    void anEarlierManagersCountGoesOn() {
        assertThat(new CrashLoop(RESET, false, 13, END_BEFORE).isActive()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(names = {"WAITING", "STARTING", "RUNNING", "READY", "NOT_READY", "CRASHED"})
    void itRemainsALoopWhateverTheReplicaDoesMeanwhile(ReplicaStatus status) {
        CrashLoop loop = crash(loop(false), 5);
        assertThat(loop.mark(standing(status)).status()).isEqualTo(ReplicaStatus.CRASH_LOOP);

        loop.started(Duration.ZERO, now);
        Standing marked = loop.mark(standing(status));

        assertThat(marked.status()).isEqualTo(ReplicaStatus.CRASH_LOOP);
        assertThat(marked.serving()).as("without a readiness probe").isFalse();
        assertThat(marked.cause().words())
                .isEqualTo("ended 5 times in a row, last: exit code 3; in a crash loop until it has run for 10m; "
                        + "now: readiness: status 200");
    }

    @ParameterizedTest
    @EnumSource(names = {"UNHEALTHY", "FAILED", "COMPLETED", "STOPPED"})
    void whatIsOverOrBeingEndedSaysSo(ReplicaStatus status) {
        assertThat(crash(loop(true), 5).mark(standing(status))).isEqualTo(standing(status));
    }

    @Test
    void withAReadinessProbeThatSucceedsItServes() {
        CrashLoop loop = crash(loop(true), 5);
        loop.started(Duration.ZERO, now);

        assertThat(loop.mark(standing(ReplicaStatus.READY)).serving()).isTrue();
        assertThat(loop.mark(standing(ReplicaStatus.NOT_READY)).serving()).isFalse();
        assertThat(loop.mark(standing(ReplicaStatus.STARTING)).serving()).isFalse();
    }

    @Test
    void itIsOverWhenItHasRunLongEnough() {
        CrashLoop loop = crash(loop(false), 7);
        assertThat(loop.untilSettled(now)).as("it does not run").isEmpty();
        loop.started(Duration.ZERO, now);
        assertThat(loop.untilSettled(now)).isEqualTo(OptionalLong.of(RESET.toNanos()));

        now += RESET.toNanos() - 1;
        assertThat(loop.settle(now)).isFalse();
        now += 1;
        assertThat(loop.settle(now)).isTrue();

        assertThat(loop.isActive()).isFalse();
        assertThat(loop.ends()).isZero();
        assertThat(loop.mark(standing(ReplicaStatus.RUNNING))).isEqualTo(standing(ReplicaStatus.RUNNING));
    }

    @Test
    void whatItRanUnderAnEarlierManagerCounts() {
        var loop = new CrashLoop(RESET, false, 5, END_BEFORE);
        loop.started(Duration.ofMinutes(9), now);

        assertThat(loop.untilSettled(now)).isEqualTo(OptionalLong.of(MINUTE));
    }

    @Test
    void whatHasRecoveredUnderAnEarlierManagerIsInNoLoop() {
        var loop = new CrashLoop(RESET, false, 5, END_BEFORE);
        loop.started(Duration.ofHours(1), now);

        assertThat(loop.isActive()).isFalse();
        assertThat(loop.mark(standing(ReplicaStatus.RUNNING)).status()).isEqualTo(ReplicaStatus.RUNNING);
    }

    @Test
    void aManagerThatWasHeldUpHearsOfAnEndFirst() {
        CrashLoop loop = crash(loop(false), 5);
        loop.started(Duration.ZERO, now);
        now += RESET.toNanos() + 2 * MINUTE;
        assertThat(loop.settle(now)).as("an end may be on its way").isFalse();

        loop.ended(EXIT, Optional.of(Duration.ofSeconds(1)), now);

        assertThat(loop.isActive()).isTrue();
    }

    @Test
    void aClockThatIsSetForwardMakesNoLongRun() {
        CrashLoop loop = crash(loop(false), 4);
        loop.started(Duration.ZERO, now);
        now += MINUTE;

        loop.ended(EXIT, Optional.of(Duration.ofDays(1)), now);

        assertThat(loop.ends()).isEqualTo(4);
    }

    @Test
    void aLongRunThatEndedWhileNoManagerLookedResets() {
        var loop = new CrashLoop(RESET, false, 5, END_BEFORE);

        loop.ended(EXIT, Optional.of(RESET), now);

        assertThat(loop.ends()).isZero();
    }

    @Test
    void aResetBeyondWhatTheClockCountsNeverComes() {
        var loop = new CrashLoop(Duration.ofDays(999_999), false, 5, END_BEFORE);
        loop.started(Duration.ZERO, now);
        now += Duration.ofDays(365).toNanos();

        assertThat(loop.settle(now)).isFalse();
        assertThat(loop.untilSettled(now)).isNotEmpty();
    }
}
