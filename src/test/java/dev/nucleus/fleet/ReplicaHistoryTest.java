package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class ReplicaHistoryTest {

    private final ReplicaHistory history = new ReplicaHistory();

    private boolean move(ReplicaStatus status, Cause cause) {
        return history.move(StatusWithCause.of(status, cause));
    }

    @Test
    void everyTransitionIsKeptWithItsCause() {
        move(ReplicaStatus.STARTING, Cause.probe("waiting for its readiness"));
        move(ReplicaStatus.READY, Cause.probe("readiness: status 200"));

        assertThat(history.now().history())
                .extracting(transition -> transition.from() + " → " + transition.to() + ": " + transition.cause())
                .containsExactly(
                        "WAITING → STARTING: waiting for its readiness", "STARTING → READY: readiness: status 200");
    }

    @Test
    void theFirstStatusIsReported() {
        assertThat(move(ReplicaStatus.WAITING, Cause.probe("waiting for db"))).isTrue();
        assertThat(move(ReplicaStatus.WAITING, Cause.probe("waiting for db and cache")))
                .isFalse();
        assertThat(history.now().history()).hasSize(1);
    }

    @Test
    void aNewCauseOfTheSameStatusIsNoTransition() {
        move(ReplicaStatus.READY, Cause.probe("status 200"));

        assertThat(move(ReplicaStatus.READY, Cause.probe("status 204"))).isFalse();
        assertThat(history.now().cause()).isEqualTo("status 204");
        assertThat(history.now().history()).hasSize(1);
    }

    @Test
    void exitsAndServingChangesInACrashLoopAreKept() {
        var exit = new Cause(Cause.Kind.EXIT, "exit code 3");
        history.end(StatusWithCause.of(ReplicaStatus.CRASH_LOOP, exit));
        Instant since = history.now().since();

        assertThat(move(ReplicaStatus.CRASH_LOOP, Cause.running("launching again")))
                .isFalse();
        assertThat(history.move(new StatusWithCause(ReplicaStatus.CRASH_LOOP, Cause.probe("status 200"), true)))
                .isTrue();
        assertThat(history.isServing()).isTrue();
        history.end(StatusWithCause.of(ReplicaStatus.CRASH_LOOP, exit));

        assertThat(history.isServing()).isFalse();
        assertThat(history.now().history())
                .extracting(transition -> transition.from() + " " + transition.cause() + " " + transition.serving())
                .containsExactly(
                        "WAITING exit code 3 false", "CRASH_LOOP status 200 true", "CRASH_LOOP exit code 3 false");
        assertThat(history.now().since()).as("it is one crash loop").isEqualTo(since);
    }

    @Test
    void aReplicaThatRepeatedlyBecomesUnreadyIsFlapping() {
        for (int turn = 1; turn <= 5; turn++) {
            assertThat(history.now().flapping()).as("turn %d", turn).isFalse();
            move(ReplicaStatus.READY, Cause.probe("yes"));
            move(ReplicaStatus.NOT_READY, Cause.probe("no"));
        }
        assertThat(history.now().flapping()).isTrue();
    }

    @Test
    void onlyTheLastHundredTransitionsAreKept() {
        for (int i = 0; i < 300; i++) {
            move(i % 2 == 0 ? ReplicaStatus.READY : ReplicaStatus.NOT_READY, Cause.probe("turn " + i));
        }

        assertThat(history.now().history())
                .hasSize(100)
                .last()
                .extracting("cause")
                .isEqualTo("turn 299");
    }
}
