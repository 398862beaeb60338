package dev.nucleus.history;

import dev.nucleus.fleet.ReplicaChanged;
import dev.nucleus.health.ReplicaView;
import dev.nucleus.settings.NucleusProperties;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Keeps every transition. One virtual thread writes, in batches; whoever tells of a transition never waits for the
 * database. While that can't be written to, transitions wait in memory and the trouble is told once.
 */
@Component
public final class History implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(History.class);
    private static final int WAITING = 20_000;
    private static final int BATCH = 500;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);
    private static final Duration UPKEEP = Duration.ofHours(1);
    private static final Duration LEAVING = Duration.ofSeconds(3);
    /** Wakes the writer, and is not written. */
    private static final Entry END = Entry.of("", "", 0, 0, "STOPPED", "STOPPED", "OPERATOR", "", "", 0);

    private final HistoryProperties properties;
    private final Path state;
    private final BlockingQueue<Entry> waiting = new LinkedBlockingQueue<>(WAITING);
    private final AtomicLong lost = new AtomicLong();
    private final Instant started = Instant.now();
    private final CountDownLatch mayOpen = new CountDownLatch(1);
    private volatile @Nullable HistoryStore store;
    private volatile @Nullable String problem;
    private volatile boolean running;
    private @Nullable Thread writer;

    History(HistoryProperties properties, NucleusProperties places) {
        this.properties = properties;
        this.state = places.state();
    }

    /** Not earlier: opening it would take a processor from the start, and what happens meanwhile waits. */
    @EventListener
    void on(ApplicationReadyEvent event) {
        mayOpen.countDown();
    }

    @EventListener
    void on(ReplicaChanged event) {
        ReplicaView replica = event.replica();
        var entry = new Entry(
                replica.fleet(),
                replica.service(),
                replica.number(),
                replica.history().getLast(),
                replica.containerId().orElse(""),
                replica.restarts());
        while (!waiting.offer(entry)) {
            if (waiting.poll() != null) {
                lost.incrementAndGet();
            }
        }
    }

    /** Why the history has, or will have, gaps; empty: it is being kept. */
    public Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    /** The newest transitions of a replica from before a moment, newest first; none while there is a problem. */
    public List<Entry> before(String fleet, String service, int replica, Instant moment, int most) {
        HistoryStore open = store;
        // A page must not wait for a database that is away.
        if (open == null || problem != null) {
            return List.of();
        }
        try {
            return open.before(fleet, service, replica, moment, most);
        } catch (RuntimeException e) {
            log.warn("the history can't be read: {}", reason(e));
            return List.of();
        }
    }

    Optional<HistoryStore> store() {
        return Optional.ofNullable(store);
    }

    private void work() {
        try {
            mayOpen.await();
            HistoryStore open = openStore();
            store = open;
            long beat = 0;
            long upkeep = 0;
            while (running || !waiting.isEmpty()) {
                long now = System.nanoTime();
                if (beat == 0 || now - beat > HEARTBEAT.toNanos()) {
                    persistently(() -> open.seen(started, Instant.now()));
                    beat = now;
                }
                if (upkeep == 0 || now - upkeep > UPKEEP.toNanos()) {
                    persistently(() -> forget(open));
                    upkeep = now;
                }
                Entry first = waiting.poll(running ? 1_000 : 0, TimeUnit.MILLISECONDS);
                if (first != null) {
                    var batch = new ArrayList<Entry>(List.of(first));
                    waiting.drainTo(batch, BATCH);
                    batch.removeIf(entry -> entry == END);
                    persistently(() -> open.write(batch));
                }
            }
            open.seen(started, Instant.now());
        } catch (InterruptedException e) {
            log.warn("the history ends early: {} transitions were not written", waiting.size());
        } catch (RuntimeException e) {
            log.warn("the history ends early: {}", reason(e));
        }
    }

    private void forget(HistoryStore open) {
        open.forget(Instant.now().minus(properties.keep()));
        open.shrink(properties.mostSize().toBytes());
    }

    private HistoryStore openStore() throws InterruptedException {
        var opened = new HistoryStore[1];
        persistently(() -> opened[0] = HistoryStore.open(properties, state));
        return opened[0];
    }

    /** Tries until it is done: a full disk, or a database that is away, may pass. */
    private void persistently(Runnable task) throws InterruptedException {
        Duration pause = FIRST_PAUSE;
        while (true) {
            try {
                task.run();
                recovered();
                return;
            } catch (RuntimeException e) {
                failed(e);
                Thread.sleep(pause);
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause.multipliedBy(2);
            }
        }
    }

    private void failed(RuntimeException e) {
        if (problem == null) {
            log.warn(
                    "the history can't be written: {}. Health goes on without it; transitions wait in memory, up to {}",
                    reason(e),
                    WAITING);
        }
        problem = "the history can't be written: " + reason(e);
    }

    private void recovered() {
        if (problem != null) {
            long gone = lost.getAndSet(0);
            log.info("the history is being written again; {} transitions were lost", gone);
            problem = null;
        }
    }

    private static String reason(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage()).lines().findFirst().orElse(root.toString());
    }

    @Override
    public void start() {
        running = true;
        writer = Thread.ofVirtual().name("history").start(this::work);
    }

    /** What waits is written, if that can be done soon. */
    @Override
    public void stop() {
        running = false;
        mayOpen.countDown();
        waiting.offer(END);
        try {
            if (writer != null && !writer.join(LEAVING)) {
                writer.interrupt();
                writer.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        HistoryStore open = store;
        store = null;
        if (open != null) {
            open.close();
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Before the fleets, so that it hears of all that happens, and after them at the end. */
    @Override
    public int getPhase() {
        return Integer.MIN_VALUE + 500;
    }
}
