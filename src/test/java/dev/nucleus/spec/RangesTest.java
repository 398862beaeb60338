package dev.nucleus.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each number is accepted up to both ends of its range, and refused beyond them. */
class RangesTest {

    private static Arguments range(
            String name, LongConsumer maker, List<Long> accepted, List<Long> refused, String error) {
        return Arguments.of(Named.of(name, maker), accepted, refused, error);
    }

    private static ContainerSpec.Builder spec() {
        return ContainerSpec.builder(Mode.AGENT, List.of("x"));
    }

    static Stream<Arguments> ranges() {
        List<Long> pids = List.of(0L, 4_194_304L);
        List<Long> notPids = List.of(-1L, 4_194_305L);
        List<Long> weights = List.of(1L, 10_000L);
        List<Long> notWeights = List.of(0L, 10_001L);
        return Stream.of(
                range(
                        "port",
                        n -> new Port((int) n),
                        List.of(1L, 65_535L),
                        List.of(0L, 65_536L),
                        "a port is 1 to 65535, was %d"),
                range(
                        "signal",
                        n -> new Signal((int) n),
                        List.of(1L, 64L),
                        List.of(0L, 65L),
                        "a signal is 1 to 64, was %d"),
                range(
                        "pids",
                        n -> Resources.checkPids((int) n),
                        pids,
                        notPids,
                        "pids is 0 (no limit) to 4194304, was %d"),
                range(
                        "pids of a container",
                        n -> spec().init(false).pids((int) n).build(),
                        pids,
                        notPids,
                        "pids is 0 (no limit) to 4194304, was %d"),
                range(
                        "open files",
                        n -> Resources.checkOpenFiles((int) n),
                        List.of(16L, (long) Integer.MAX_VALUE),
                        List.of(15L, -1L),
                        "open-files is at least 16, was %d"),
                range(
                        "open files of a container",
                        n -> spec().openFiles((int) n).build(),
                        List.of(16L),
                        List.of(15L),
                        "open-files is at least 16, was %d"),
                range(
                        "weight",
                        n -> Resources.checkCpuWeight((int) n),
                        weights,
                        notWeights,
                        "cpu-weight is 1 to 10000, was %d"),
                range(
                        "weight of a container",
                        n -> spec().cpuWeight(Optional.of((int) n)).build(),
                        weights,
                        notWeights,
                        "cpu-weight is 1 to 10000, was %d"),
                range(
                        "replicas",
                        n -> ServiceSpec.checkReplicas((int) n),
                        List.of(0L, 1000L),
                        List.of(-1L, 1001L),
                        "replicas is 0 to 1000, was %d"),
                range(
                        "rate of a log",
                        n -> new LogPolicy(new MemorySize(n), LogPolicy.Overflow.BLOCK),
                        List.of(4096L, 1L << 30),
                        List.of(4095L, (1L << 30) + 1),
                        "log rate is 4K to 1G per second, was %d bytes"),
                range(
                        "size",
                        MemorySize::new,
                        List.of(1L, Long.MAX_VALUE),
                        List.of(0L, -1L),
                        "a size must be at least 1 byte, was %d"));
    }

    @ParameterizedTest
    @MethodSource("ranges")
    void aRangeIncludesBothItsEnds(LongConsumer maker, List<Long> accepted, List<Long> refused, String error) {
        for (long value : accepted) {
            assertThatCode(() -> maker.accept(value)).doesNotThrowAnyException();
        }
        for (long value : refused) {
            assertThatThrownBy(() -> maker.accept(value))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage(error.formatted(value));
        }
    }

    @Test
    void validNumbersAreReturnedUnchanged() {
        assertThat(Resources.checkPids(7)).isEqualTo(7);
        assertThat(Resources.checkOpenFiles(70)).isEqualTo(70);
        assertThat(Resources.checkCpuWeight(700)).isEqualTo(700);
        assertThat(ServiceSpec.checkReplicas(5)).isEqualTo(5);
    }

    @Test
    void aBackoffGrows() {
        Duration second = Duration.ofSeconds(1);

        assertThat(new RestartPolicy.Backoff(second, 1, second, Duration.ZERO).delay(5))
                .isEqualTo(second);
        assertThat(new RestartPolicy.Backoff(Duration.ZERO, 100, second, Duration.ZERO).delay(5))
                .isZero();
        for (Duration from : List.of(Duration.ofMillis(-1), second.plusMillis(1))) {
            assertThatThrownBy(() -> new RestartPolicy.Backoff(from, 2, second, Duration.ZERO))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage("a backoff grows: 'to' must not be shorter than 'from'");
        }
        for (double factor : new double[] {0.99, 100.1, Double.NaN}) {
            assertThatThrownBy(() -> new RestartPolicy.Backoff(second, factor, second, Duration.ZERO))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage("a backoff's factor is 1 to 100, was " + factor);
        }
    }

    @ParameterizedTest
    @CsvSource({"99.9%, 0.999", "99.999999 %, 0.99999999", "50%, 0.5", "0.1%, 0.001"})
    void anAvailabilityIsAPercentage(String text, double availability) {
        assertThat(Objective.parseAvailability(text)).isEqualTo(availability);
    }

    @Test
    void anObjectiveYieldsAnErrorBudget() {
        assertThat(new Objective(0.75, Duration.ofDays(30)).budget(Duration.ofHours(8)))
                .isEqualTo(Duration.ofHours(2));
    }

    @Test
    void anObjectiveIsBetween0And100PercentOverAtLeastAMinute() {
        assertThat(new Objective(0.5, Duration.ofMinutes(1)).over()).isEqualTo(Duration.ofMinutes(1));
        for (double availability : new double[] {0, 1, Double.NaN}) {
            assertThatThrownBy(() -> new Objective(availability, Duration.ofDays(1)))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessage("an availability must be between 0% and 100%, such as 99.9%");
        }
        assertThatThrownBy(() -> new Objective(0.5, Duration.ofMillis(59_999)))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("an objective's window must be at least 1m, such as 30d");
        assertThatThrownBy(() -> Objective.parseAvailability("0.999"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'0.999' is not an availability; write 99.9%");
    }

    @Test
    void swapNeedsAMemoryLimit() {
        assertThatThrownBy(
                        () -> spec().swap(Optional.of(MemorySize.parse("1M"))).build())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("swap needs a memory limit too, such as memory: 512M");
    }
}
