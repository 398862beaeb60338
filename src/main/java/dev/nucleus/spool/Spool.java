package dev.nucleus.spool;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.util.backoff.BackOff;
import org.springframework.util.backoff.BackOffExecution;

/**
 * A queue to which many threads add items and from which one thread writes them, in order and in batches. Adding an
 * item never blocks. A target that fails is retried until it succeeds; items that arrive meanwhile wait in memory, up
 * to a limit.
 */
public final class Spool<T> {

    /** How long the writer waits for an item before it calls {@link Target#upkeep}. */
    private static final Duration LOOK = Duration.ofSeconds(1);
    /** From the first unflushed batch to the flush that covers it and all later ones. */
    private static final Duration FLUSH_DELAY = Duration.ofMillis(50);

    /** The destination. Called by one thread only, which repeats a call that failed. */
    public interface Target<T> {

        void open() throws Exception;

        /** @param batch is not empty, and is written completely or not at all */
        void write(List<T> batch) throws Exception;

        /** Makes the written batches durable. Called within 50 ms of a batch, and before {@link #close()}. */
        default void flush() throws Exception {}

        /** Called about once a second, before each batch and after each flush. */
        void upkeep() throws Exception;

        /**
         * Called after a failure, before the retry.
         *
         * @param first whether the call before did not fail
         */
        void failed(Exception why, boolean first);

        /** Called after the first success that follows a failure. */
        void recovered();

        /** Called at the end, even if {@link #open()} has never succeeded. */
        void close() throws Exception;

        /** @param unwritten the number of items that could not be written in time, or were given up */
        void ended(int unwritten, Optional<Exception> why);
    }

    private interface Task {
        void run() throws Exception;
    }

    private final String name;
    private final int batch;
    private final Target<T> target;
    private final BackOff pauses;
    /** An empty element wakes the writer, and is not written. */
    private final BlockingQueue<Optional<T>> waiting;

    private volatile boolean running;
    private boolean failing;
    private int inHand;
    /** When the first unflushed batch was written, as System.nanoTime(). Used by the writer alone. */
    private Optional<Long> unflushedSince = Optional.empty();

    private @Nullable Thread writer;

    /**
     * @param capacity maximum number of waiting items
     * @param batch maximum number of items written at once
     * @param pauses delays before retries
     */
    public Spool(String name, int capacity, int batch, Target<T> target, BackOff pauses) {
        this.name = name;
        this.batch = batch;
        this.target = target;
        this.pauses = pauses;
        this.waiting = new LinkedBlockingQueue<>(capacity);
    }

    /** @return false if the queue is full */
    public boolean offer(T item) {
        return waiting.offer(Optional.of(item));
    }

    /**
     * Adds an item, dropping the oldest waiting ones if the queue is full.
     *
     * @return the number of items dropped
     */
    public int push(T item) {
        int gone = 0;
        while (!offer(item)) {
            gone += waiting.poll() == null ? 0 : 1;
        }
        return gone;
    }

    /** Starts the writer. */
    public synchronized void start() {
        if (writer == null) {
            running = true;
            // Not virtual: it waits for items and for the disk many times a second, and each time other threads would
            // have to wake it.
            writer = Thread.ofPlatform().daemon().name(name).start(this::work);
        }
    }

    /**
     * Writes the waiting items if there is time, and stops the writer.
     *
     * @param patience the time allowed
     */
    public void stop(Duration patience) {
        start();
        running = false;
        waiting.offer(Optional.empty());
        Thread last = writer;
        try {
            if (last != null && !last.join(patience)) {
                last.interrupt();
                last.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void work() {
        Optional<Exception> fault = Optional.empty();
        try {
            persistently(target::open);
            while (running || !waiting.isEmpty()) {
                persistently(target::upkeep);
                List<T> next = next();
                inHand = next.size();
                if (inHand > 0) {
                    persistently(() -> target.write(next));
                    unflushedSince = unflushedSince.or(() -> Optional.of(System.nanoTime()));
                }
                inHand = 0;
                if (untilFlush() <= 0) {
                    flush();
                }
            }
            flush();
        } catch (InterruptedException e) {
            fault = Optional.of(e);
        }
        try {
            target.close();
        } catch (Exception e) {
            fault = Optional.of(e);
        }
        target.ended(inHand + (int) waiting.stream().filter(Optional::isPresent).count(), fault);
    }

    private void flush() throws InterruptedException {
        if (unflushedSince.isPresent()) {
            persistently(target::flush);
            unflushedSince = Optional.empty();
        }
    }

    /** Nanoseconds until the next flush; Long.MAX_VALUE when nothing is unflushed. */
    private long untilFlush() {
        return unflushedSince
                .map(since -> since + FLUSH_DELAY.toNanos() - System.nanoTime())
                .orElse(Long.MAX_VALUE);
    }

    private List<T> next() throws InterruptedException {
        long patience = running ? Math.min(LOOK.toNanos(), untilFlush()) : 0;
        Optional<T> first = waiting.poll(patience, TimeUnit.NANOSECONDS);
        if (first == null) {
            return List.of();
        }
        var next = new ArrayList<>(List.of(first));
        waiting.drainTo(next, batch - 1);
        return next.stream().flatMap(Optional::stream).toList();
    }

    private void persistently(Task task) throws InterruptedException {
        BackOffExecution pause = pauses.start();
        while (true) {
            try {
                task.run();
                if (failing) {
                    failing = false;
                    target.recovered();
                }
                return;
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                target.failed(e, !failing);
                failing = true;
                Thread.sleep(pause.nextBackOff());
            }
        }
    }
}
