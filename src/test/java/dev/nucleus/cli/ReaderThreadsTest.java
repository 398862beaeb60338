package dev.nucleus.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ReaderThreadsTest {

    @Test
    void noTaskWaitsForAThread() throws InterruptedException {
        Executor threads = ReaderThreads.named("test-");
        int tasks = 2 * ReaderThreads.PLATFORM_THREADS;
        var running = new CountDownLatch(tasks);
        var end = new CountDownLatch(1);
        var platform = new AtomicInteger();
        for (int i = 0; i < tasks; i++) {
            threads.execute(() -> {
                if (!Thread.currentThread().isVirtual()) {
                    platform.incrementAndGet();
                }
                running.countDown();
                awaitUninterruptibly(end);
            });
        }

        assertThat(running.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(platform.get()).isEqualTo(ReaderThreads.PLATFORM_THREADS);
        end.countDown();
    }

    /** As when pids.max or RLIMIT_NPROC is exhausted (pthread_create(3), EAGAIN). */
    @Test
    void aTaskGetsAVirtualThreadWhenNoNativeThreadIsAvailable() throws InterruptedException {
        Executor threads = ReaderThreads.named("test-", _ -> {
            throw new OutOfMemoryError("unable to create native thread");
        });
        var ran = new CountDownLatch(1);

        threads.execute(ran::countDown);

        assertThat(ran.await(20, TimeUnit.SECONDS)).isTrue();
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
