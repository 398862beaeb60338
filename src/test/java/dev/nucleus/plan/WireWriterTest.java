package dev.nucleus.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
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
                Arguments.of(Duration.ofMillis(1L << 32), WireWriter.MAX_MILLIS),
                Arguments.of(Duration.ofDays(50), WireWriter.MAX_MILLIS),
                Arguments.of(Duration.ofSeconds(Long.MAX_VALUE), WireWriter.MAX_MILLIS));
    }

    @ParameterizedTest
    @MethodSource("durations")
    void aDurationIsNeverCutToItsLowerBits(Duration duration, long millis) {
        int written = new WireWriter(4).millis(duration).finish().getInt();

        assertThat(Integer.toUnsignedLong(written)).isEqualTo(millis);
    }

    @Test
    void aStringLongerThanTheRoomLeftIsWrittenWhole() {
        ByteBuffer written = new WireWriter(4).string("x".repeat(1000)).finish();

        assertThat(written.getInt()).isEqualTo(1001);
        var text = new byte[1000];
        written.get(text);
        assertThat(text).containsOnly('x');
        assertThat(written.get()).as("NUL").isZero();
        assertThat(written.remaining()).isZero();
    }

    @Test
    void rawBytesAreWrittenWithoutTheirLength() {
        ByteBuffer written =
                new WireWriter(1).raw(new byte[] {1, 2, 3, 4}, 1, 2).u8(9).finish();

        assertThat(written).isEqualTo(ByteBuffer.wrap(new byte[] {2, 3, 9}));
    }

    @Test
    void aListHasAtMostAMillionElements() {
        int most = 1 << 20;
        var elements = new AtomicInteger();

        new WireWriter(4).list(Collections.nCopies(most, "x"), (_, _) -> elements.incrementAndGet());

        assertThat(elements).hasValue(most);
        assertThatThrownBy(() -> new WireWriter(4).list(Collections.nCopies(most + 1, "x"), WireWriter::string))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("1048577 elements are too many for the wire");
    }
}
