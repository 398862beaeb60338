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
 * Denials by Landlock, from the kernel's audit records; they exist with Landlock ABI 7, while auditing is on, for a manager
 * that is root. One thread reads the records; the tables are guarded by this object's lock.
 */
@Component
final class LandlockDenials {

    private static final Logger log = LoggerFactory.getLogger(LandlockDenials.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String FILE = "landlock.json";
    private static final Pattern CONTAINER = Pattern.compile("nucleus-([0-9a-f]{32})");
    /** Kinds of one container that are counted one by one; as many as the shim counts. */
    private static final int KINDS = 512;
    /** Calls are audited only of processes that were begun while auditing was on. */
    private static final String NOBODY = "?";

    /** Domains that are remembered; the oldest are dropped first. */
    private static final int REMEMBERED = 4_096;

    private final Map<String, Map<String, Denial>> tables = new ConcurrentHashMap<>();
    private final Map<String, String> containers = recent();
    /** Of the event whose records are coming. */
    private final List<LandlockRecord> pending = new ArrayList<>();

    private @Nullable AuditLog audit;

    private static Map<String, String> recent() {
        return new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
                return size() > REMEMBERED;
            }
        };
    }

    @EventListener
    void start(ApplicationReadyEvent ready) {
        Optional<AuditLog> opened = AuditLog.open();
        if (opened.isEmpty()) {
            log.debug("the kernel's audit records can't be read: what Landlock refuses is not counted");
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

    /** The records of one event come together: accesses, their domain if it is its first, the call if that is audited. */
    synchronized void accept(LandlockRecord found) {
        if (!pending.isEmpty() && pending.getFirst().serial() != found.serial()) {
            countPending(NOBODY);
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
        if (known == null && table.size() >= KINDS) {
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

    /** By its control group, whose name is the container's id. */
    private static Optional<String> containerOf(String pid) {
        try {
            Matcher group = CONTAINER.matcher(Files.readString(Path.of("/proc", pid, "cgroup")));
            return group.find() ? Optional.of(group.group(1)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    synchronized List<Denial> of(Container container) {
        countPending(NOBODY);
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
                    "what Landlock refused to '{}' is not kept: {}",
                    event.container().name(),
                    e.getMessage());
        }
    }

    @EventListener
    void removed(ContainerEvent.Removed event) {
        tables.remove(event.container().id());
    }
}
