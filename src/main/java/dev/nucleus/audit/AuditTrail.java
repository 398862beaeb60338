package dev.nucleus.audit;

import dev.nucleus.lifecycle.LifecyclePhase;
import dev.nucleus.settings.NucleusProperties;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.spool.Spool;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.audit.AuditEvent;
import org.springframework.boot.actuate.audit.AuditEventRepository;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;
import org.springframework.util.backoff.FixedBackOff;

/**
 * Writes the audit trail, {@code <state>/audit}. One thread appends each batch at once and flushes it to disk within
 * 50 ms; launches never wait for it. Records that were lost because the disk was full for too long are counted in the
 * trail itself.
 */
@Component
public final class AuditTrail implements SmartLifecycle, AuditEventRepository {

    private static final Logger log = LoggerFactory.getLogger(AuditTrail.class);
    private static final int WAITING = 100_000;
    private static final int BATCH = 1_000;
    private static final int REMEMBERED = 1_000;
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Duration UPKEEP = Duration.ofHours(1);
    private static final Duration SHUTDOWN_TIMEOUT = Duration.ofSeconds(3);

    private final Path directory;
    private final AuditProperties properties;
    private final Spool<AuditRecord> spool;
    private final AtomicLong missing = new AtomicLong();
    /** The newest records, for the endpoint. Guarded by its own monitor. */
    private final Deque<AuditRecord> remembered = new ArrayDeque<>();

    private volatile boolean running;

    AuditTrail(NucleusProperties places, AuditProperties properties) {
        this.directory = places.state().resolve("audit");
        this.properties = properties;
        this.spool = new Spool<>(
                "audit",
                WAITING,
                BATCH,
                new Files(),
                new FixedBackOff(PAUSE.toMillis(), FixedBackOff.UNLIMITED_ATTEMPTS));
    }

    void add(AuditRecord record) {
        synchronized (remembered) {
            remembered.addLast(record);
            if (remembered.size() > REMEMBERED) {
                remembered.removeFirst();
            }
        }
        if (!spool.offer(record)) {
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

    /** The directory of the files. */
    public Path directory() {
        return directory;
    }

    /**
     * Verifies a trail, and returns a summary of it.
     *
     * @param expected a head that was noted elsewhere, as {@code number:hash}: it must be in the trail
     * @throws BrokenTrailException if the chain is broken, or does not contain the expected head
     */
    public static String report(Path directory, Optional<String> expected) throws IOException {
        AuditChain.Verification found = AuditChain.verify(directory);
        if (found.fault().isPresent()) {
            throw new BrokenTrailException(found.fault().get() + "; " + found.lines() + " lines before it are intact");
        }
        if (expected.isPresent() && !AuditChain.contains(directory, expected.get())) {
            throw new BrokenTrailException("the chain is intact, but " + expected.get()
                    + " is not in it: lines were cut off its end, or the whole chain was rewritten");
        }
        return found.lines() + (found.lines() == 1 ? " line in " : " lines in ") + found.files()
                + (found.files() == 1 ? " file" : " files") + ", the chain is intact; head " + found.head();
    }

    /** The chain of files; only the spool's thread uses it. */
    private final class Files implements Spool.Target<AuditRecord> {

        private @Nullable AuditChain chain;
        private boolean begun;
        private long upkeep = System.nanoTime();

        private AuditChain chain() {
            return Objects.requireNonNull(chain);
        }

        @Override
        public void open() throws IOException {
            if (chain == null) {
                PrivateDirectories.create(directory);
                chain = AuditChain.open(directory, properties.fileSize().toBytes());
                log.info("audit trail {}, head {}", directory, chain.head());
            }
            if (!begun) {
                chain.append(List.of(AuditRecord.of(
                        AuditKind.AUDIT_OPENED,
                        AuditRecord.ITSELF,
                        "by process " + ProcessHandle.current().pid(),
                        false)));
                chain.sync();
                begun = true;
            }
        }

        @Override
        public void write(List<AuditRecord> batch) throws IOException {
            long gap = missing.get();
            if (gap > 0) {
                batch = Stream.concat(
                                batch.stream(),
                                Stream.of(AuditRecord.of(
                                        AuditKind.AUDIT_GAP,
                                        AuditRecord.ITSELF,
                                        gap + " records could not be kept",
                                        true)))
                        .toList();
            }
            chain().append(batch);
            missing.addAndGet(-gap);
        }

        @Override
        public void flush() throws IOException {
            chain().sync();
        }

        @Override
        public void upkeep() throws IOException {
            if (System.nanoTime() - upkeep > UPKEEP.toNanos()) {
                chain().forget(Instant.now().minus(properties.keep()));
                log.info("audit trail, head {}", chain().head());
                upkeep = System.nanoTime();
            }
        }

        @Override
        public void failed(Exception why, boolean first) {
            if (first) {
                log.error(
                        "the audit trail can't be written: {}. Records are buffered in memory, up to {}",
                        why.toString(),
                        WAITING);
            }
        }

        @Override
        public void recovered() {
            log.info("the audit trail is being written again");
        }

        @Override
        public void close() throws IOException {
            if (chain != null) {
                log.info("audit trail, head {}", chain.head());
                chain.close();
            }
        }

        @Override
        public void ended(int unwritten, Optional<Exception> why) {
            why.ifPresent(fault ->
                    log.error("the audit trail was closed with {} records unwritten: {}", unwritten, fault.toString()));
        }
    }

    @Override
    public void start() {
        running = true;
        spool.start();
    }

    @Override
    public void stop() {
        running = false;
        spool.stop(SHUTDOWN_TIMEOUT);
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Starts before, and stops after, everything whose events it records. */
    @Override
    public int getPhase() {
        return LifecyclePhase.AUDIT_TRAIL.phase();
    }
}
