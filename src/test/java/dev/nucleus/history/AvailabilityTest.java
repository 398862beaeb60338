package dev.nucleus.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.spec.Objective;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class AvailabilityTest {

    private static final Instant START = Instant.parse("2026-11-01T00:00:00Z");

    private final List<Entry> entries = new ArrayList<>();

    private static Instant at(long seconds) {
        return START.plusSeconds(seconds);
    }

    private void transition(int replica, long second, ReplicaStatus to) {
        transition(replica, second, to, to.serves());
    }

    private void transition(int replica, long second, ReplicaStatus to, boolean serving) {
        entries.add(Entry.of(
                "shop", "web", replica, Entry.micros(at(second)), "STARTING", to.name(), serving, "PROBE", "", "", 0));
    }

    private Availability measure(long from, long to, Watch... watches) {
        entries.sort(Comparator.comparing(entry -> entry.transition().at()));
        return Availability.of(Arrays.asList(watches), entries, at(from), at(to));
    }

    private static Watch watch(long started, long seen) {
        return new Watch(at(started), at(seen));
    }

    private static void is(Availability measured, long observed, long available) {
        assertThat(measured).isEqualTo(new Availability(Duration.ofSeconds(observed), Duration.ofSeconds(available)));
    }

    @Test
    void aServiceIsAvailableWhileOneReplicaIsReady() {
        transition(1, 0, ReplicaStatus.READY);
        transition(2, 0, ReplicaStatus.READY);
        transition(1, 100, ReplicaStatus.CRASHED);
        transition(2, 150, ReplicaStatus.NOT_READY);
        transition(1, 160, ReplicaStatus.READY);

        is(measure(0, 1_000, watch(0, 1_000)), 1_000, 990);
    }

    @Test
    void runningWithoutProbesAndCrashLoopsThatServeCountAsAvailable() {
        transition(1, 0, ReplicaStatus.RUNNING);
        transition(1, 100, ReplicaStatus.CRASH_LOOP, false);
        transition(1, 200, ReplicaStatus.CRASH_LOOP, true);
        transition(1, 300, ReplicaStatus.CRASH_LOOP, false);

        is(measure(0, 1_000, watch(0, 1_000)), 1_000, 200);
    }

    @Test
    void timeWithoutAManagerCountsNeitherWay() {
        transition(1, 0, ReplicaStatus.READY);
        transition(1, 500, ReplicaStatus.CRASHED);
        transition(1, 800, ReplicaStatus.STARTING);
        transition(1, 802, ReplicaStatus.READY);

        is(measure(0, 1_000, watch(0, 600), watch(800, 1_000)), 600 + 198, 500 + 198);
    }

    @Test
    void aReplicaThatNeverStartsCountsAfterTheGracePeriod() {
        transition(1, 0, ReplicaStatus.STARTING);

        is(measure(0, 100, watch(0, 100)), 90, 0);
    }

    @Test
    void timeStoppedOnPurposeCountsNeitherWay() {
        transition(1, 0, ReplicaStatus.READY);
        transition(1, 100, ReplicaStatus.STOPPED);

        is(measure(0, 1_000, watch(0, 1_000)), 100, 100);
    }

    @Test
    void onlyTheWindowCountsStartingFromTheStateBeforeIt() {
        transition(1, 0, ReplicaStatus.READY);
        transition(1, 100, ReplicaStatus.CRASHED);
        transition(1, 300, ReplicaStatus.READY);

        is(measure(200, 400, watch(0, 1_000)), 200, 100);
        is(measure(400, 500, watch(0, 1_000)), 100, 100);
    }

    @Test
    void withoutObservationsTheRatioIsOne() {
        is(measure(0, 100), 0, 0);
        assertThat(measure(0, 100).ratio()).isEqualTo(1);
    }

    @Test
    void theErrorBudgetIsThatOfTheWholeWindow() {
        transition(1, 0, ReplicaStatus.READY);
        transition(1, 100, ReplicaStatus.CRASHED);
        transition(1, 101, ReplicaStatus.READY);
        var objective = new Objective(0.999, Duration.ofSeconds(10_000));

        var level = new ServiceLevel("shop", "web", objective, measure(0, 1_000, watch(0, 1_000)));

        assertThat(level.measured().ratio()).isEqualTo(0.999, within(1e-9));
        assertThat(level.spent()).as("one of ten seconds").isEqualTo(0.1, within(1e-6));
        assertThat(level.left()).isCloseTo(Duration.ofSeconds(9), Duration.ofMillis(1));
    }
}
