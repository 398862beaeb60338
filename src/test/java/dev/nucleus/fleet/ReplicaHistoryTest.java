package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.health.Cause;
import dev.nucleus.health.ReplicaStatus;
import org.junit.jupiter.api.Test;

class ReplicaHistoryTest {

    private final ReplicaHistory history = new ReplicaHistory();

    @Test
    void everyTransitionIsKeptWithItsCause() {
        history.move(ReplicaStatus.STARTING, Cause.probe("waits for its readiness"));
        history.move(ReplicaStatus.READY, Cause.probe("readiness: status 200"));

        assertThat(history.now().history())
                .extracting(transition -> transition.from() + " → " + transition.to() + ": " + transition.cause())
                .containsExactly(
                        "WAITING → STARTING: waits for its readiness", "STARTING → READY: readiness: status 200");
    }

    @Test
    void whatItBeginsAsIsTold() {
        assertThat(history.move(ReplicaStatus.WAITING, Cause.probe("waits for db")))
                .isTrue();
        assertThat(history.move(ReplicaStatus.WAITING, Cause.probe("waits for db and cache")))
                .isFalse();
        assertThat(history.now().history()).hasSize(1);
    }

    @Test
    void aNewCauseOfTheSameStatusIsNoTransition() {
        history.move(ReplicaStatus.READY, Cause.probe("status 200"));

        assertThat(history.move(ReplicaStatus.READY, Cause.probe("status 204"))).isFalse();
        assertThat(history.now().cause()).isEqualTo("status 204");
        assertThat(history.now().history()).hasSize(1);
    }

    @Test
    void whoLeavesReadyAgainAndAgainIsFlapping() {
        for (int turn = 1; turn <= 5; turn++) {
            assertThat(history.now().flapping()).as("turn %d", turn).isFalse();
            history.move(ReplicaStatus.READY, Cause.probe("yes"));
            history.move(ReplicaStatus.NOT_READY, Cause.probe("no"));
        }
        assertThat(history.now().flapping()).isTrue();
    }

    @Test
    void onlyTheLastHundredAreKept() {
        for (int i = 0; i < 300; i++) {
            history.move(i % 2 == 0 ? ReplicaStatus.READY : ReplicaStatus.NOT_READY, Cause.probe("turn " + i));
        }

        assertThat(history.now().history())
                .hasSize(100)
                .last()
                .extracting("cause")
                .isEqualTo("turn 299");
    }
}
