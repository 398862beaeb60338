package dev.nucleus.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WireWriterTest {

    static Stream<Arguments> durations() {
        return Stream.of(
                Arguments.of(Duration.ZERO, 0L),
                Arguments.of(Duration.ofNanos(-1), 0L),
                Arguments.of(Duration.ofNanos(1), 1L),
                Arguments.of(Duration.ofNanos(1_000_001), 2L),
                Arguments.of(Duration.ofSeconds(10), 10_000L),
                Arguments.of(Duration.ofDays(40), 3_456_000_000L),
                Arguments.of(Duration.ofMillis(1L << 32), WireWriter.LONGEST_MILLIS),
                Arguments.of(Duration.ofDays(50), WireWriter.LONGEST_MILLIS),
                Arguments.of(Duration.ofSeconds(Long.MAX_VALUE), WireWriter.LONGEST_MILLIS));
    }

    @ParameterizedTest
    @MethodSource("durations")
    void aDurationIsNeverCutToItsLowerBits(Duration duration, long millis) {
        int written = new WireWriter(4).millis(duration).finish().getInt();

        assertThat(Integer.toUnsignedLong(written)).isEqualTo(millis);
    }
}
