package dev.nucleus.denial;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerEvent;
import dev.nucleus.kernel.AuditLog;
import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Denials by Landlock, from the kernel's audit records. They are available with Landlock ABI 7, while auditing is on,
 * to a manager that runs as root. One thread reads the records; this object's lock guards the tables.
 */
@Component
final class LandlockDenials {

    private static final Logger log = LoggerFactory.getLogger(LandlockDenials.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String FILE = "landlock.json";
    private static final Pattern CONTAINER = Pattern.compile("nucleus-([0-9a-f]{32})");
    /** Maximum kinds of denials that are counted for a container; the same as the shim's. */
    private static final int MAX_KINDS = 512;
    /** Unknown program: calls are audited only for processes that were started while auditing was on. */
    private static final String UNKNOWN_PROGRAM = "?";

    /** Maximum domains that are remembered; the oldest are dropped first. */
    private static final int MAX_RECENT = 4_096;

    private final Map<String, Map<String, Denial>> tables = new ConcurrentHashMap<>();
    private final Map<String, String> containers = recent();
    /** The accesses of the event whose records are being received. */
    private final List<LandlockRecord> pending = new ArrayList<>();

    private @Nullable AuditLog audit;

    private static Map<String, String> recent() {
        return new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
                return size() > MAX_RECENT;
            }
        };
    }

    @EventListener
    void start(ApplicationReadyEvent ready) {
        Optional<AuditLog> opened = AuditLog.open();
        if (opened.isEmpty()) {
            log.debug("the kernel's audit records can't be read: Landlock denials are not counted");
            return;
        }
        audit = opened.get();
        Thread.ofPlatform().daemon().name("audit").start(() -> follow(opened.get()));
    }

    @PreDestroy
    void stop() {
        if (audit != null) {
            audit.close();
        }
    }

    private void follow(AuditLog records) {
        Optional<AuditLog.Entry> entry = records.receive();
        while (entry.isPresent()) {
            LandlockRecord.parse(entry.get().type(), entry.get().text()).ifPresent(this::accept);
            entry = records.receive();
        }
    }

    /**
     * The records of one event arrive together: its accesses, their domain if this is its first denial, and the system
     * call if that is audited.
     */
    synchronized void accept(LandlockRecord found) {
        if (!pending.isEmpty() && pending.getFirst().serial() != found.serial()) {
            countPending(UNKNOWN_PROGRAM);
        }
        switch (found.type()) {
            case LandlockRecord.ACCESS -> pending.add(found);
            case LandlockRecord.DOMAIN -> {
                if (found.field("status").equals("deallocated")) {
                    containers.remove(found.field("domain"));
                } else {
                    containerOf(found.field("pid")).ifPresent(id -> containers.put(found.field("domain"), id));
                }
            }
            default -> {
                for (LandlockRecord access : pending) {
                    if (!containers.containsKey(access.field("domain"))) {
                        containerOf(found.field("pid")).ifPresent(id -> containers.put(access.field("domain"), id));
                    }
                }
                countPending(found.field("comm"));
            }
        }
    }

    private void countPending(String program) {
        pending.forEach(access -> count(access, program));
        pending.clear();
    }

    private void count(LandlockRecord access, String program) {
        String id = containers.get(access.field("domain"));
        if (id == null) {
            return;
        }
        Map<String, Denial> table = tables.computeIfAbsent(id, _ -> new LinkedHashMap<>());
        String kind = program + "\0" + access.attempt();
        Denial known = table.get(kind);
        if (known == null && table.size() >= MAX_KINDS) {
            return;
        }
        table.put(
                kind,
                known == null
                        ? denial(access, program, access.at(), 1)
                        : denial(access, program, known.first(), known.count() + 1));
    }

    private static Denial denial(LandlockRecord access, String program, Instant first, long count) {
        return new Denial(program, access.attempt(), "landlock", access.reason(), count, first, access.at());
    }

    /** Finds the container of a process by its control group, which is named after the container's ID. */
    private static Optional<String> containerOf(String pid) {
        try {
            Matcher group = CONTAINER.matcher(Files.readString(Path.of("/proc", pid, "cgroup")));
            return group.find() ? Optional.of(group.group(1)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    synchronized List<Denial> of(Container container) {
        countPending(UNKNOWN_PROGRAM);
        Map<String, Denial> table = tables.get(container.id());
        if (table != null) {
            return List.copyOf(table.values());
        }
        Path file = container.directory().resolve(FILE);
        try {
            return Files.isRegularFile(file) ? List.of(JSON.readValue(file.toFile(), Denial[].class)) : List.of();
        } catch (JacksonException e) {
            log.warn("{} can't be read: {}", file, e.getMessage());
            return List.of();
        }
    }

    @EventListener
    synchronized void ended(ContainerEvent.Stopped event) {
        Map<String, Denial> table = tables.get(event.container().id());
        if (table == null) {
            return;
        }
        try {
            JSON.writeValue(event.container().directory().resolve(FILE).toFile(), new ArrayList<>(table.values()));
        } catch (JacksonException e) {
            log.warn(
                    "can't store the Landlock denials of '{}': {}",
                    event.container().name(),
                    e.getMessage());
        }
    }

    @EventListener
    void removed(ContainerEvent.Removed event) {
        tables.remove(event.container().id());
    }
}
