package dev.nucleus.spool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.util.backoff.FixedBackOff;

class SpoolTest {

    private static final Duration AMPLE = Duration.ofSeconds(10);

    /** A target that fails a given number of times. */
    private static class Recorder implements Spool.Target<Integer> {

        final List<List<Integer>> batches = new CopyOnWriteArrayList<>();
        final List<String> told = new CopyOnWriteArrayList<>();
        final AtomicInteger failures = new AtomicInteger();
        final AtomicInteger flushes = new AtomicInteger();
        volatile int flushed;

        @Override
        public void flush() {
            flushes.incrementAndGet();
            flushed = written().size();
        }

        @Override
        public void open() {
            told.add("open");
        }

        @Override
        public void write(List<Integer> batch) throws Exception {
            if (failures.getAndDecrement() > 0) {
                throw new IOException("full");
            }
            batches.add(batch);
        }

        @Override
        public void upkeep() {}

        @Override
        public void failed(Exception why, boolean first) {
            told.add("failed" + (first ? " first" : ""));
        }

        @Override
        public void recovered() {
            told.add("recovered");
        }

        @Override
        public void close() {
            told.add("close");
        }

        @Override
        public void ended(int unwritten, Optional<Exception> why) {
            told.add("ended, " + unwritten + " unwritten" + (why.isPresent() ? ", early" : ""));
        }

        List<Integer> written() {
            return batches.stream().flatMap(List::stream).toList();
        }
    }

    private static Spool<Integer> spool(int capacity, Recorder target) {
        return new Spool<>("test", capacity, 10, target, new FixedBackOff(1, FixedBackOff.UNLIMITED_ATTEMPTS));
    }

    private static List<Integer> numbers(int from, int to) {
        return IntStream.rangeClosed(from, to).boxed().toList();
    }

    @Test
    void elementsAreWrittenInOrderAndInBatches() {
        var target = new Recorder();
        Spool<Integer> spool = spool(1_000, target);
        numbers(1, 95).forEach(number -> assertThat(spool.offer(number)).isTrue());

        spool.start();
        spool.stop(AMPLE);

        assertThat(target.written()).isEqualTo(numbers(1, 95));
        assertThat(target.batches).allMatch(batch -> batch.size() <= 10);
        assertThat(target.told).containsExactly("open", "close", "ended, 0 unwritten");
    }

    @Test
    void batchesAreFlushedSoonAndTogether() {
        var target = new Recorder();
        Spool<Integer> spool = spool(1_000, target);
        numbers(1, 500).forEach(spool::offer);
        spool.start();

        Awaitility.await().until(() -> target.flushed == 500);
        assertThat(target.batches).hasSizeGreaterThanOrEqualTo(50);
        assertThat(target.flushes.get()).isLessThan(25);
        spool.stop(AMPLE);
    }

    @Test
    void theLastBatchIsFlushedBeforeTheEnd() {
        var target = new Recorder();
        Spool<Integer> spool = spool(1_000, target);
        spool.offer(1);
        spool.stop(AMPLE);

        assertThat(target.flushed).isEqualTo(1);
    }

    @Test
    void aFailedBatchIsRetriedUntilItIsWritten() {
        var target = new Recorder();
        target.failures.set(3);
        Spool<Integer> spool = spool(1_000, target);
        spool.start();
        numbers(1, 5).forEach(spool::offer);
        Awaitility.await().until(() -> target.written().size() == 5);
        spool.stop(AMPLE);

        assertThat(target.written()).isEqualTo(numbers(1, 5));
        assertThat(target.told).containsSubsequence("failed first", "failed", "failed", "recovered", "close");
    }

    @Test
    void aFullSpoolRefusesAnElementOrDropsTheOldest() {
        Spool<Integer> spool = spool(3, new Recorder());

        assertThat(numbers(1, 4)).filteredOn(number -> !spool.offer(number)).containsExactly(4);
        assertThat(spool.push(5)).isEqualTo(1);

        var target = new Recorder();
        Spool<Integer> other = spool(3, target);
        assertThat(numbers(1, 5).stream().mapToInt(other::push).sum()).isEqualTo(2);
        other.start();
        Awaitility.await().until(() -> target.written().size() == 3);
        other.stop(AMPLE);
        assertThat(target.written()).containsExactly(3, 4, 5);
    }

    @Test
    void aTargetThatNeverReturnsIsAbandonedOnStop() throws Exception {
        var stuck = new CountDownLatch(1);
        var target = new Recorder() {
            @Override
            public void write(List<Integer> batch) throws Exception {
                stuck.countDown();
                new CountDownLatch(1).await();
            }
        };
        Spool<Integer> spool = spool(1_000, target);
        spool.start();
        spool.offer(1);
        stuck.await();
        spool.offer(2);

        spool.stop(Duration.ofMillis(50));

        assertThat(target.told).endsWith("close", "ended, 2 unwritten, early");
    }
}
