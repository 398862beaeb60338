package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Steps of the host's clock, as by NTP after a suspend, affect neither probes nor back-offs. */
@Tag("vm")
class ClockStepTest {

    private static final Duration LONG = Duration.ofMinutes(4);
    private static final Duration DAY = Duration.ofDays(1);
    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final Duration BACKOFF = Duration.ofSeconds(3);

    private static final String FLEET = """
            name: clock
            services:
              steady:
                command: [/bin/sleep, "100000"]
                liveness: {exec: [/bin/true], period: 1s, timeout: 60s}
              moody:
                command: [/bin/false]
                restart: {policy: always, backoff: {from: 3s, factor: 1, to: 3s}}
            """;

    /** Steps the clock of the virtual machine, never that of another host. */
    private static void step(Duration by) throws IOException, InterruptedException {
        assertThat(Files.readString(Path.of("/proc/cmdline"))).contains("nucleus.job=");
        Process date =
                new ProcessBuilder("date", "-s", "@" + Instant.now().plus(by).getEpochSecond()).start();
        date.inputReader().lines().forEach(_ -> {});
        assertThat(date.waitFor()).isZero();
    }

    private static Duration until(Callable<Boolean> condition) {
        long begun = System.nanoTime();
        Awaitility.await().atMost(LONG).pollInterval(Duration.ofMillis(50)).until(condition);
        return Duration.ofNanos(System.nanoTime() - begun);
    }

    @Test
    void clockStepsNeitherStallNorMultiplyProbesAndRestarts() throws Exception {
        try (TestManager manager = TestManager.start(FLEET)) {
            var answers = new AtomicInteger();
            manager.listen(ProbeCompleted.class, _ -> answers.incrementAndGet());
            until(() -> manager.replica("clock/steady-1").status() == ReplicaStatus.READY && answers.get() > 0);
            int pid = manager.pidOf("clock/steady-1");

            for (Duration by : new Duration[] {DAY, DAY.multipliedBy(-2), DAY}) {
                step(by);

                int asked = answers.get();
                Duration five = until(() -> answers.get() >= asked + 5);
                assertThat(five)
                        .as("five probes after the clock was set by %s", by)
                        .isBetween(PERIOD.multipliedBy(3), Duration.ofSeconds(60));
                int restarts = manager.replica("clock/moody-1").restarts();
                Duration two = until(() -> manager.replica("clock/moody-1").restarts() >= restarts + 2);
                assertThat(two)
                        .as("at least one back-off after the clock was set by %s", by)
                        .isBetween(BACKOFF.minusMillis(100), Duration.ofSeconds(60));
                assertThat(manager.replica("clock/steady-1").status()).isEqualTo(ReplicaStatus.READY);
            }
            assertThat(manager.pidOf("clock/steady-1")).isEqualTo(pid);
        }
    }
}
