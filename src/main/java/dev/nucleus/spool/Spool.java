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
    /** How long after a batch what it wrote is made to last, with all that came meanwhile. */
    private static final Duration SETTLE = Duration.ofMillis(50);

    /** Where it is written to. Only one thread calls this, and again what has failed. */
    public interface Target<T> {

        void open() throws Exception;

        /** @param batch has something in it; all of it is written, or none */
        void write(List<T> batch) throws Exception;

        /** Makes what was written last, soon after a batch; also before {@link #close()}. */
        default void settle() throws Exception {}

        /** About once a second, and before each batch. */
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
    /** When the first batch was written that has not been settled, as System.nanoTime(). */
    private Optional<Long> unsettled = Optional.empty();

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
                    unsettled = unsettled.or(() -> Optional.of(System.nanoTime()));
                }
                inHand = 0;
                if (untilSettled() <= 0) {
                    settle();
                }
            }
            settle();
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

    private void settle() throws InterruptedException {
        if (unsettled.isPresent()) {
            persistently(target::settle);
            unsettled = Optional.empty();
        }
    }

    /** In nanoseconds; the longest there is when there is nothing to settle. */
    private long untilSettled() {
        return unsettled
                .map(since -> since + SETTLE.toNanos() - System.nanoTime())
                .orElse(Long.MAX_VALUE);
    }

    private List<T> next() throws InterruptedException {
        long patience = running ? Math.min(LOOK.toNanos(), untilSettled()) : 0;
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
