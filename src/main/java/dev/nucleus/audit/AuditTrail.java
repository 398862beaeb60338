package dev.nucleus.audit;

import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.settings.PrivateDirectories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.audit.AuditEvent;
import org.springframework.boot.actuate.audit.AuditEventRepository;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Writes the audit trail, {@code <state>/audit}. One virtual thread appends, many records with one flush of the disk;
 * launches never wait for it. What had to be left out, because the disk was full for too long, is said in the trail itself.
 */
@Component
public final class AuditTrail implements SmartLifecycle, AuditEventRepository {

    private static final Logger log = LoggerFactory.getLogger(AuditTrail.class);
    private static final int WAITING = 100_000;
    private static final int BATCH = 1_000;
    private static final int REMEMBERED = 1_000;
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Duration UPKEEP = Duration.ofHours(1);
    private static final Duration LEAVING = Duration.ofSeconds(3);
    /** Wakes the writer, and is not written. */
    private static final AuditRecord END = AuditRecord.of(AuditKind.AUDIT_OPENED, AuditRecord.ITSELF, "", false);

    private final Path directory;
    private final AuditProperties properties;
    private final BlockingQueue<AuditRecord> waiting = new LinkedBlockingQueue<>(WAITING);
    private final AtomicLong missing = new AtomicLong();
    /** The newest, for the endpoint; guarded by itself. */
    private final Deque<AuditRecord> remembered = new ArrayDeque<>();

    private volatile boolean running;
    private @Nullable Thread writer;

    AuditTrail(NucleusProperties places, AuditProperties properties) {
        this.directory = places.state().resolve("audit");
        this.properties = properties;
    }

    void add(AuditRecord record) {
        synchronized (remembered) {
            remembered.addLast(record);
            if (remembered.size() > REMEMBERED) {
                remembered.removeFirst();
            }
        }
        if (!waiting.offer(record)) {
            missing.incrementAndGet();
        }
    }

    @Override
    public void add(AuditEvent event) {
        add(new AuditRecord(
                event.getTimestamp(),
                AuditKind.APPLICATION,
                String.valueOf(event.getPrincipal()),
                "",
                "",
                event.getType() + " " + event.getData(),
                false,
                ""));
    }

    @Override
    public List<AuditEvent> find(@Nullable String principal, @Nullable Instant after, @Nullable String type) {
        List<AuditRecord> all;
        synchronized (remembered) {
            all = List.copyOf(remembered);
        }
        return all.stream()
                .filter(record -> principal == null || record.principal().equals(principal))
                .filter(record -> after == null || record.at().isAfter(after))
                .filter(record -> type == null || record.kind().word().equals(type))
                .map(AuditTrail::event)
                .toList();
    }

    private static AuditEvent event(AuditRecord record) {
        return new AuditEvent(
                record.at(),
                record.principal(),
                record.kind().word(),
                Map.of(
                        "containerId", record.containerId(),
                        "container", record.containerName(),
                        "detail", record.detail(),
                        "error", record.error(),
                        "posture", record.posture()));
    }

    /** Where the files are. */
    public Path directory() {
        return directory;
    }

    /**
     * What there is to say of a trail.
     *
     * @param expected a head that was noted elsewhere, as {@code number:hash}: it must be in the trail
     * @throws BrokenTrailException when the chain is broken
     */
    public static String report(Path directory, Optional<String> expected) throws IOException {
        AuditChain.Verification found = AuditChain.verify(directory);
        if (found.fault().isPresent()) {
            throw new BrokenTrailException(found.fault().get() + "; " + found.lines() + " lines before it hold");
        }
        if (expected.isPresent() && !AuditChain.contains(directory, expected.get())) {
            throw new BrokenTrailException("the chain holds, but " + expected.get()
                    + " is not in it: lines were cut off its end, or all were written anew");
        }
        return found.lines() + " lines in " + found.files() + " files, the chain holds; head " + found.head();
    }

    private void work() {
        try (AuditChain chain = open()) {
            log.info("audit trail {}, head {}", directory, chain.head());
            persistently(() -> chain.append(List.of(AuditRecord.of(
                    AuditKind.AUDIT_OPENED,
                    AuditRecord.ITSELF,
                    "by process " + ProcessHandle.current().pid(),
                    false))));
            long upkeep = System.nanoTime();
            while (running || !waiting.isEmpty()) {
                AuditRecord first = waiting.poll(running ? 1_000 : 0, TimeUnit.MILLISECONDS);
                if (first != null) {
                    var batch = new ArrayList<AuditRecord>(List.of(first));
                    waiting.drainTo(batch, BATCH);
                    batch.removeIf(record -> record == END);
                    long gap = missing.getAndSet(0);
                    if (gap > 0) {
                        batch.add(AuditRecord.of(
                                AuditKind.AUDIT_GAP, AuditRecord.ITSELF, gap + " records could not be kept", true));
                    }
                    if (!batch.isEmpty()) {
                        persistently(() -> chain.append(batch));
                    }
                }
                if (System.nanoTime() - upkeep > UPKEEP.toNanos()) {
                    chain.forget(Instant.now().minus(properties.keep()));
                    log.info("audit trail, head {}", chain.head());
                    upkeep = System.nanoTime();
                }
            }
            log.info("audit trail, head {}", chain.head());
        } catch (InterruptedException e) {
            log.error("the audit trail ends early: {} records were not written", waiting.size());
        } catch (IOException | UncheckedIOException e) {
            log.error("the audit trail ends early: {}", e.toString());
        }
    }

    private AuditChain open() throws InterruptedException {
        var opened = new AuditChain[1];
        persistently(() -> {
            PrivateDirectories.create(directory);
            opened[0] = AuditChain.open(directory, properties.fileSize().toBytes());
        });
        return opened[0];
    }

    private interface Task {
        void run() throws IOException;
    }

    private void persistently(Task task) throws InterruptedException {
        boolean told = false;
        while (true) {
            try {
                task.run();
                if (told) {
                    log.info("the audit trail is being written again");
                }
                return;
            } catch (IOException e) {
                if (!told) {
                    log.error(
                            "the audit trail can't be written: {}. Records wait in memory, up to {}",
                            e.toString(),
                            WAITING);
                }
                told = true;
                Thread.sleep(PAUSE);
            }
        }
    }

    @Override
    public void start() {
        running = true;
        writer = Thread.ofVirtual().name("audit").start(this::work);
    }

    @Override
    public void stop() {
        running = false;
        waiting.offer(END);
        try {
            if (writer != null && !writer.join(LEAVING)) {
                writer.interrupt();
                writer.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Before anything that is told of, and after it at the end. */
    @Override
    public int getPhase() {
        return Integer.MIN_VALUE + 50;
    }
}
