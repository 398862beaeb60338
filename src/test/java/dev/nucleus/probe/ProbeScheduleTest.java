package dev.nucleus.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProbeScheduleTest {

    private static final long SECOND = 1_000_000_000;

    private final ProbeSchedule beat = new ProbeSchedule(Duration.ofSeconds(1), Long.MAX_VALUE - SECOND / 2);

    private Duration untilNext(Duration late, Duration took) {
        long planned = beat.due();
        beat.began(late);
        beat.ended(planned + late.toNanos() + took.toNanos());
        return Duration.ofNanos(beat.due() - planned);
    }

    @Test
    void aLongProbeAndASmallDelayDoNotShiftTheSchedule() {
        assertThat(untilNext(Duration.ofMillis(5), Duration.ofMillis(900))).isEqualTo(Duration.ofSeconds(1));
        assertThat(untilNext(Duration.ZERO, Duration.ofMillis(1))).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void aDelayOfUpTo20MillisecondsDoesNotShiftTheSchedule() {
        assertThat(untilNext(Duration.ofMillis(20), Duration.ofMillis(1))).isEqualTo(Duration.ofSeconds(1));
        assertThat(untilNext(Duration.ofMillis(21), Duration.ofMillis(1))).isEqualTo(Duration.ofMillis(1_021));
    }

    @Test
    void aDelayedProbeShiftsItsSchedule() {
        assertThat(untilNext(Duration.ofMillis(70), Duration.ofMillis(1))).isEqualTo(Duration.ofMillis(1_070));
        assertThat(untilNext(Duration.ZERO, Duration.ofMillis(1))).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void aHealthcheckIntervalStartsAtTheEndOfTheProbe() {
        long planned = beat.due();
        beat.began(Duration.ZERO);
        beat.ended(planned + SECOND / 4, Duration.ofSeconds(2));

        assertThat(Duration.ofNanos(beat.due() - planned)).isEqualTo(Duration.ofMillis(2_250));
    }

    @Test
    void afterAProbeLongerThanItsPeriodTheNextIsDueImmediately() {
        assertThat(untilNext(Duration.ZERO, Duration.ofMillis(2_500))).isEqualTo(Duration.ofMillis(2_500));
    }
}
