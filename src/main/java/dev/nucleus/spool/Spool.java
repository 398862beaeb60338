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
 * What many threads hand over and one thread writes, in their order and in batches. Who hands something over never waits. A
 * target that fails is tried again until it takes what it was given; what comes meanwhile waits in memory, up to a limit.
 */
public final class Spool<T> {

    /** How long it waits for something to write before it sees to the target. */
    private static final Duration LOOK = Duration.ofSeconds(1);
    /** From the first unflushed batch to the flush that covers it and all later ones. */
    private static final Duration FLUSH_DELAY = Duration.ofMillis(50);

    /** Where it is written to. Only one thread calls this, and again what has failed. */
    public interface Target<T> {

        void open() throws Exception;

        /** @param batch has something in it; all of it is written, or none */
        void write(List<T> batch) throws Exception;

        /** Makes what was written durable: within 50 ms of a batch, and before {@link #close()}. */
        default void flush() throws Exception {}

        /** About once a second, before each batch and after each flush. */
        void upkeep() throws Exception;

        /**
         * It failed, and will be tried again.
         *
         * @param first whether it did not fail the time before
         */
        void failed(Exception why, boolean first);

        /** It failed before, and has not now. */
        void recovered();

        /** The end; also when it never opened. */
        void close() throws Exception;

        /** @param unwritten what there was no time for, or was given up */
        void ended(int unwritten, Optional<Exception> why);
    }

    private interface Task {
        void run() throws Exception;
    }

    private final String name;
    private final int batch;
    private final Target<T> target;
    private final BackOff pauses;
    /** Empty: wakes the writer, and is not written. */
    private final BlockingQueue<Optional<T>> waiting;

    private volatile boolean running;
    private boolean troubled;
    private int inHand;
    /** When the first unflushed batch was written, as System.nanoTime(). Used by the writer alone. */
    private Optional<Long> unflushedSince = Optional.empty();

    private @Nullable Thread writer;

    /**
     * @param capacity how many may wait
     * @param batch how many are written at once
     * @param pauses between tries of a target that failed
     */
    public Spool(String name, int capacity, int batch, Target<T> target, BackOff pauses) {
        this.name = name;
        this.batch = batch;
        this.target = target;
        this.pauses = pauses;
        this.waiting = new LinkedBlockingQueue<>(capacity);
    }

    /** @return false: too many wait */
    public boolean offer(T item) {
        return waiting.offer(Optional.of(item));
    }

    /**
     * Hands it over, if there is no room in place of the oldest that wait.
     *
     * @return how many went for it
     */
    public int push(T item) {
        int gone = 0;
        while (!offer(item)) {
            gone += waiting.poll() == null ? 0 : 1;
        }
        return gone;
    }

    /** Begins to write. */
    public synchronized void start() {
        if (writer == null) {
            running = true;
            // Not virtual: it waits for what comes and for the disk many times a second, and would be woken by other
            // threads.
            writer = Thread.ofPlatform().daemon().name(name).start(this::work);
        }
    }

    /**
     * Writes what waits, if that can be done in time, and ends.
     *
     * @param patience how long it may take
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
                if (troubled) {
                    troubled = false;
                    target.recovered();
                }
                return;
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                target.failed(e, !troubled);
                troubled = true;
                Thread.sleep(pause.nextBackOff());
            }
        }
    }
}
