package dev.nucleus.cli;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads that read from clients' sockets. The kernel wakes a platform thread blocked in read(2); a virtual thread is
 * woken through two poller threads, a delay that matters to a short command. Hence platform threads, although other
 * blocking waits use virtual ones.
 */
final class ReaderThreads {

    /** Limit per executor. Further tasks run in virtual threads, whose number is not limited. */
    static final int PLATFORM_THREADS = 64;

    private ReaderThreads() {}

    static Executor named(String prefix) {
        return named(prefix, Thread.ofPlatform().daemon().name(prefix, 0).factory());
    }

    static Executor named(String prefix, ThreadFactory platformThreads) {
        var pool = new ThreadPoolExecutor(
                0,
                PLATFORM_THREADS,
                1,
                TimeUnit.MINUTES,
                new SynchronousQueue<>(),
                platformThreads,
                (task, _) -> startVirtual(prefix, task));
        return task -> {
            try {
                pool.execute(task);
            } catch (OutOfMemoryError e) {
                // No more native threads are allowed (RLIMIT_NPROC, pids.max).
                startVirtual(prefix, task);
            }
        };
    }

    private static void startVirtual(String prefix, Runnable task) {
        Thread.ofVirtual().name(prefix).start(task);
    }
}
