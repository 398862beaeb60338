package dev.nucleus.history;

import dev.nucleus.fleet.ReplicaChanged;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.lifecycle.LifecyclePhase;
import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.spool.Spool;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import org.springframework.util.backoff.ExponentialBackOff;

/**
 * Stores every transition. One virtual thread writes them in batches, so publishers never wait for the database. While
 * that can't be written to, transitions are buffered in memory and the problem is logged once.
 */
@Component
public final class History implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(History.class);
    private static final int WAITING = 20_000;
    private static final int BATCH = 500;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(10);
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);
    private static final Duration UPKEEP = Duration.ofHours(1);
    private static final Duration SHUTDOWN_TIMEOUT = Duration.ofSeconds(3);

    private final HistoryProperties properties;
    private final Path state;
    private final Spool<Entry> spool;
    private final AtomicLong lost = new AtomicLong();
    private final Instant started = Instant.now();
    private volatile @Nullable HistoryStore store;
    private volatile @Nullable String problem;
    private volatile boolean running;

    History(HistoryProperties properties, NucleusProperties places) {
        this.properties = properties;
        this.state = places.state();
        var pauses = new ExponentialBackOff(FIRST_PAUSE.toMillis(), 2);
        pauses.setMaxInterval(MAX_PAUSE.toMillis());
        this.spool = new Spool<>("history", WAITING, BATCH, new Database(), pauses);
    }

    /** Not earlier: opening the database would slow the startup down. Transitions until then are buffered. */
    @EventListener
    void on(ApplicationReadyEvent event) {
        spool.start();
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
        lost.addAndGet(spool.push(entry));
    }

    /** Why the history has, or will have, gaps; empty: it is being written. */
    public Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    /** The newest transitions of a replica before a moment, newest first; empty while there is a problem. */
    public List<Entry> before(String fleet, String service, int replica, Instant moment, int most) {
        HistoryStore open = store;
        // A page must not wait for an unreachable database.
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

    /** The database; only the spool's thread writes to it. */
    private final class Database implements Spool.Target<Entry> {

        private long beat;
        private long upkeep;

        private HistoryStore opened() {
            return Objects.requireNonNull(store);
        }

        @Override
        public void open() {
            store = HistoryStore.open(properties, state);
        }

        @Override
        public void write(List<Entry> batch) {
            opened().write(batch);
        }

        @Override
        public void upkeep() {
            long now = System.nanoTime();
            if (beat == 0 || now - beat > HEARTBEAT.toNanos()) {
                opened().seen(started, Instant.now());
                beat = now;
            }
            if (upkeep == 0 || now - upkeep > UPKEEP.toNanos()) {
                opened().forget(Instant.now().minus(properties.keep()));
                opened().limitSize(properties.maxSize().toBytes());
                upkeep = now;
            }
        }

        @Override
        public void failed(Exception why, boolean first) {
            if (first) {
                log.warn(
                        "the history can't be written to {}: {}. Health is not affected; transitions are buffered in "
                                + "memory, up to {}",
                        properties.place(state),
                        reason(why),
                        WAITING);
            }
            problem = "the history can't be written to " + properties.place(state) + ": " + reason(why);
        }

        @Override
        public void recovered() {
            log.info("the history is being written again; {} transitions were lost", lost.getAndSet(0));
            problem = null;
        }

        @Override
        public void close() {
            HistoryStore open = store;
            store = null;
            if (open != null) {
                try (open) {
                    open.seen(started, Instant.now());
                }
            }
        }

        @Override
        public void ended(int unwritten, Optional<Exception> why) {
            why.ifPresent(fault ->
                    log.warn("the history was closed with {} transitions unwritten: {}", unwritten, reason(fault)));
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
    }

    /** Writes the buffered transitions, if that takes no longer than {@code SHUTDOWN_TIMEOUT}. */
    @Override
    public void stop() {
        running = false;
        spool.stop(SHUTDOWN_TIMEOUT);
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Starts before the fleets and stops after them, so that it records every transition. */
    @Override
    public int getPhase() {
        return LifecyclePhase.HISTORY.phase();
    }
}
