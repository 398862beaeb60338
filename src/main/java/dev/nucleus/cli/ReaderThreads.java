package dev.nucleus.cli;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads that read from sockets. A platform thread that reads is woken by the kernel itself; a virtual one by two pollers, on
 * two other threads, which is a noticeable part of a short command.
 */
final class ReaderThreads {

    /** As many commands are usually under way; further ones get virtual threads, of which there may be any number. */
    private static final int PLATFORM_THREADS = 64;

    private ReaderThreads() {}

    static Executor named(String prefix) {
        return new ThreadPoolExecutor(
                0,
                PLATFORM_THREADS,
                1,
                TimeUnit.MINUTES,
                new SynchronousQueue<>(),
                Thread.ofPlatform().daemon().name(prefix, 0).factory(),
                (task, _) -> Thread.ofVirtual().name(prefix).start(task));
    }
}
