package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.probe.ProbeLoop;
import dev.nucleus.probe.ProbeResult;
import dev.nucleus.shim.Shim;
import dev.nucleus.spec.Probe;
import dev.nucleus.spec.ProbeSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.scheduling.concurrent.ConcurrentTaskScheduler;

/** A workload's notification is evaluated when it arrives, whatever its probe is doing at that moment. */
class NotifiedProbeTest {

    private static final ProbeSpec HOURLY = new ProbeSpec(
            new Probe.Notify(Optional.empty()),
            Duration.ZERO,
            Duration.ofHours(1),
            Duration.ofSeconds(1),
            Duration.ZERO,
            1,
            1,
            Optional.empty());

    /** Simulates preemption of the thread that schedules an attempt: the attempt ends before the call returns. */
    private static final class SlowToReturn extends ConcurrentTaskScheduler {

        SlowToReturn(ScheduledExecutorService threads) {
            super(threads);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable task, Instant at) {
            ScheduledFuture<?> planned = super.schedule(task, at);
            try {
                if (!at.isAfter(Instant.now())) {
                    // With a time limit: the attempt may need a lock that the scheduling thread holds.
                    planned.get(200, TimeUnit.MILLISECONDS);
                }
            } catch (TimeoutException e) {
                return planned;
            } catch (InterruptedException | ExecutionException e) {
                throw new IllegalStateException(e);
            }
            return planned;
        }
    }

    @Test
    @Timeout(30)
    void noNotificationIsMissedWhileAnAttemptIsScheduled(@TempDir Path directory) {
        var container = new Container(
                new ContainerRecord("id", "name", Instant.EPOCH, null, false),
                () -> new Container.Description(List.of(), List.of(), false),
                directory,
                new Shim(directory.resolve("shim")));
        var refused = new CompletableFuture<Void>();
        var ready = new CompletableFuture<Void>();
        try (ScheduledExecutorService threads = Executors.newScheduledThreadPool(4);
                ProbeLoop loop = ProbeLoop.start(
                        new SlowToReturn(threads),
                        container,
                        ProbeResult.Role.READINESS,
                        HOURLY,
                        Duration.ZERO,
                        new ProbeLoop.Listener() {
                            @Override
                            public void onResult(ProbeResult result) {}

                            @Override
                            public void onThresholdCrossed(ProbeResult result, boolean success) {
                                (success ? ready : refused).complete(null);
                            }
                        })) {
            Awaitility.await().until(refused::isDone);

            container.notifyState().accept("READY=1");

            Awaitility.await().atMost(Duration.ofSeconds(10)).until(ready::isDone);
            assertThat(loop).isNotNull();
        }
    }
}
