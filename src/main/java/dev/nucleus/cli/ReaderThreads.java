package dev.nucleus.cli;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads that read from clients' sockets. A platform thread blocked in read(2) is woken by the kernel; a virtual one by two
 * poller threads, which a short command notices. Hence not virtual, as blocking waits are elsewhere.
 */
final class ReaderThreads {

    /** Of each executor. Tasks beyond that get virtual threads, of which there may be any number. */
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
                // No further native thread (RLIMIT_NPROC, pids.max).
                startVirtual(prefix, task);
            }
        };
    }

    private static void startVirtual(String prefix, Runnable task) {
        Thread.ofVirtual().name(prefix).start(task);
    }
}
