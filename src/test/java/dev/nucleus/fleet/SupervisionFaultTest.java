package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.container.Container;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestService;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/** A replica can be stopped and started even if its supervision has failed. */
@Tag("isolation")
class SupervisionFaultTest {

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static void await(Replica replica, ReplicaStatus status) {
        Awaitility.await(status.words()).atMost(Duration.ofSeconds(60)).until(() -> replica.status() == status);
    }

    private static Replica replica(
            TestManager manager, ServiceSpec service, TaskScheduler scheduler, AtomicBoolean faulty) {
        return new Replica(
                "shop",
                service,
                1,
                new ReplicaContext(
                        manager.containers(),
                        scheduler,
                        Map.of(),
                        _ -> {
                            if (faulty.get()) {
                                throw new IllegalStateException("a fault of the test");
                            }
                            return List.of();
                        },
                        _ -> {
                            throw new IllegalStateException("a listener that always fails");
                        },
                        _ -> {},
                        _ -> {}));
    }

    @Test
    void aFaultBeforeTheLaunchIsReportedAndAStartRecovers() throws Exception {
        try (TestManager manager = TestManager.start()) {
            var faulty = new AtomicBoolean(true);
            Replica replica = replica(
                    manager,
                    TestService.of("command: [/bin/sleep, \"1000\"]"),
                    manager.bean(TaskScheduler.class),
                    faulty);
            replica.start(Optional.empty());
            await(replica, ReplicaStatus.FAILED);
            assertThat(replica.view().cause())
                    .contains("its supervision failed")
                    .contains("a fault of the test");

            faulty.set(false);
            replica.startAgain();
            await(replica, ReplicaStatus.RUNNING);
            assertThatThrownBy(replica::startAgain)
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessageContaining("'shop/web-1' is running");

            replica.stop(UnaryOperator.identity());
            assertThat(replica.status()).isEqualTo(ReplicaStatus.STOPPED);
            replica.startAgain();
            await(replica, ReplicaStatus.RUNNING);
            replica.stop(UnaryOperator.identity());
        }
    }

    @Test
    void aStopEndsAnUnsupervisedContainer() throws Exception {
        var scheduler = new ThreadPoolTaskScheduler();
        try (TestManager manager = TestManager.start()) {
            // Not initialised, so it schedules no probe.
            Replica replica = replica(
                    manager,
                    TestService.of("command: [/bin/sleep, \"1000\"], readiness: {exec: [\"true\"], period: 50ms}"),
                    scheduler,
                    new AtomicBoolean());
            replica.start(Optional.empty());
            await(replica, ReplicaStatus.FAILED);
            Container container = manager.containers().all().iterator().next();
            assertThat(container.isRunning())
                    .as("it keeps running unsupervised")
                    .isTrue();

            replica.stop(UnaryOperator.identity());
            assertThat(container.isStopped()).isTrue();
            assertThat(replica.status()).isEqualTo(ReplicaStatus.STOPPED);

            replica.startAgain();
            await(replica, ReplicaStatus.FAILED);
            scheduler.initialize();
            String running = replica.view().containerId().orElseThrow();
            replica.startAgain();
            await(replica, ReplicaStatus.READY);
            assertThat(replica.view().containerId())
                    .as("the container that kept running is supervised again")
                    .contains(running);
            replica.stop(UnaryOperator.identity());
        } finally {
            scheduler.shutdown();
        }
    }

    @Test
    void anOperatorCanCutShortTheGraceOfAFailedLivenessProbe() throws Exception {
        try (TestManager manager = TestManager.start("""
                name: shop
                services:
                  web:
                    command: [/bin/sh, -c, "trap '' TERM; while true; do sleep 0.02; done"]
                    liveness: {tcp: 9, period: 50ms, failures: 1, initial-delay: 200ms}
                    stop: {grace: 1h}
                """)) {
            manager.await("shop/web-1", ReplicaStatus.UNHEALTHY);
            Thread operator = Thread.ofVirtual().start(() -> {
                try {
                    manager.fleets().stopReplica("shop/web-1", _ -> new StopSpec(Signal.TERM, Duration.ZERO));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });

            assertThat(operator.join(Duration.ofSeconds(30))).isTrue();
            assertThat(manager.containerOf("shop/web-1").isStopped()).isTrue();
            assertThat(manager.replica("shop/web-1").status()).isEqualTo(ReplicaStatus.STOPPED);
            assertThat(manager.replica("shop/web-1").history())
                    .extracting(Transition::to)
                    .doesNotContain(ReplicaStatus.CRASHED);
        }
    }

    @Test
    void durationsBeyondTheClocksRangeAreClamped() throws Exception {
        Duration ages = Duration.ofDays(999_999);
        try (TestManager manager = TestManager.start()) {
            Container container =
                    manager.launch("/bin/sh", "-c", "trap 'exit 7' TERM; while true; do sleep 0.02; done");
            Awaitility.await()
                    .until(() -> container
                                    .shim()
                                    .capture(List.of("grep", "-q", "^SigCgt:.*4...$", "/proc/1/status"), ages)
                                    .status()
                                    .code()
                            == 0);

            assertThat(container
                            .shim()
                            .capture(List.of("/bin/sleep", "0.1"), Duration.ofMillis(1L << 32))
                            .timedOut())
                    .isFalse();
            assertThat(manager.containers()
                            .stop(container, new StopSpec(Signal.TERM, ages))
                            .toString())
                    .isEqualTo("exit code 7");
        }
    }
}
