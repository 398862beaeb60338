package dev.nucleus.workspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class CopyCancellationTest {

    private final CopyCancellation cancellation = new CopyCancellation();
    private final Semaphore turns = new Semaphore(1);

    @Test
    void aCopyThatWaitsForItsTurnIsCancelled() {
        turns.acquireUninterruptibly();
        CompletableFuture<Void> waiting = CompletableFuture.runAsync(() -> cancellation.acquire(turns));
        Awaitility.await().until(turns::hasQueuedThreads);

        cancellation.cancel();

        assertThatThrownBy(waiting::join).hasCauseInstanceOf(CopyCancelledException.class);
        turns.release();
        assertThat(turns.availablePermits()).isEqualTo(1);
    }

    @Test
    void aCancelledCopyTakesNoTurn() {
        cancellation.cancel();

        assertThatThrownBy(() -> cancellation.acquire(turns)).isInstanceOf(CopyCancelledException.class);
        assertThat(turns.availablePermits()).isEqualTo(1);
    }

    @Test
    void aCancellationDuringTheCopyDoesNotInterruptItsThread() {
        cancellation.acquire(turns);

        cancellation.cancel();

        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThatThrownBy(cancellation::throwIfCancelled).isInstanceOf(CopyCancelledException.class);
    }
}
