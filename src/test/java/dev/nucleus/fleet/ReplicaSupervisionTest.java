package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.Container;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestService;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.scheduling.TaskScheduler;

/** The order in which supervision handles events that arrive while it is busy. */
@Tag("isolation")
@Timeout(60)
class ReplicaSupervisionTest {

    @BeforeAll
    static void root() {
        Requires.root();
    }

    private static Replica replica(
            TestManager manager, ServiceSpec service, Runnable onDependencyCheck, Consumer<Replica> onChange) {
        return new Replica(
                "shop",
                service,
                1,
                new ReplicaContext(
                        manager.containers(),
                        manager.bean(TaskScheduler.class),
                        Map.of(),
                        _ -> {
                            onDependencyCheck.run();
                            return List.of();
                        },
                        onChange,
                        _ -> {},
                        _ -> {}));
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private interface Request {
        void run() throws InterruptedException;
    }

    /** Returns once the request waits for supervision to end. */
    private static Thread request(Request request) {
        Thread operator = Thread.ofVirtual().start(() -> {
            try {
                request.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Awaitility.await().until(() -> operator.getState() == Thread.State.WAITING);
        return operator;
    }

    @Test
    void nothingIsLaunchedAfterARequestToDetach() throws Exception {
        var isChecking = new CountDownLatch(1);
        var mayContinue = new CountDownLatch(1);
        try (TestManager manager = TestManager.start()) {
            Replica replica = replica(
                    manager,
                    TestService.of("command: [/bin/sleep, \"1000\"]"),
                    () -> {
                        isChecking.countDown();
                        await(mayContinue);
                    },
                    _ -> {});
            replica.start(Optional.empty());
            await(isChecking);
            Thread operator = request(replica::detach);
            mayContinue.countDown();
            assertThat(operator.join(Duration.ofSeconds(30))).isTrue();

            assertThat(manager.containers().all()).isEmpty();
        }
    }

    @Test
    void aJobThatHasCompletedBeforeAStopIsRequestedStaysCompleted() throws Exception {
        var mayContinue = new CountDownLatch(1);
        try (TestManager manager = TestManager.start()) {
            // Long enough for its start to be handled before its exit.
            Replica replica = replica(
                    manager,
                    TestService.of("command: [/bin/sleep, \"1\"], job: true, restart: never"),
                    () -> {},
                    changed -> {
                        if (changed.status() == ReplicaStatus.RUNNING) {
                            await(mayContinue);
                        }
                    });
            replica.start(Optional.empty());
            Awaitility.await().until(() -> replica.status() == ReplicaStatus.RUNNING);
            Awaitility.await().until(() -> manager.containers().all().stream().allMatch(Container::isStopped));
            Thread operator = request(() -> replica.stop(UnaryOperator.identity()));
            mayContinue.countDown();
            assertThat(operator.join(Duration.ofSeconds(30))).isTrue();

            assertThat(replica.status()).isEqualTo(ReplicaStatus.COMPLETED);
        }
    }
}
