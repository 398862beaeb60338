package dev.nucleus.container;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.Statement;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.spawner.ExitStatus;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Signal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/**
 * Containers' records on disk: one directory each, {@code containers/<id>/} with {@code state.json}, {@code
 * spec.json}, {@code plan.json}, and the shim's {@code exit.json} and {@code logs/}. Files are written under
 * another name and renamed, never through a link, mode 0600.
 */
final class ContainerStore {

    private static final Logger log = LoggerFactory.getLogger(ContainerStore.class);
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final ObjectWriter RECORD = JSON.writerFor(ContainerRecord.class);
    private static final Set<String> PLAIN_VARIABLES = Set.of("PATH", "HOME", "LANG", "USER");
    private static final String HIDDEN = "***";

    private static final Set<OpenOption> NEW_FILE =
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    private static final FileAttribute<?> OWNER_ONLY_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path containers;

    ContainerStore(Path state) throws IOException {
        containers = PrivateDirectories.create(PrivateDirectories.create(state).resolve("containers"));
    }

    Path directory(String id) {
        return containers.resolve(id);
    }

    /** A record as it is kept, in {@code state.json}. The shim writes it, before anything of the container runs. */
    static byte[] encode(ContainerRecord entry) {
        return RECORD.writeValueAsBytes(entry);
    }

    /** The parts that are for reading, with secrets hidden. */
    void describe(Path directory, ContainerSpec spec, LaunchPlan plan) throws IOException {
        replace(directory, "spec.json", hideSecrets(spec));
        replace(directory, "plan.json", hideSecrets(plan));
    }

    private static void replace(Path directory, String name, Object value) throws IOException {
        Path fresh = directory.resolve(name + ".new");
        try (FileChannel file = FileChannel.open(fresh, NEW_FILE, OWNER_ONLY_FILE)) {
            file.write(ByteBuffer.wrap(JSON.writeValueAsBytes(value)));
            file.force(false);
        }
        Files.move(fresh, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    /** As {@code spec.json} has it, with secrets hidden. */
    static JsonNode specification(ContainerSpec spec) {
        return JSON.valueToTree(hideSecrets(spec));
    }

    /** The same as it was written down; a missing node when it was not. */
    static JsonNode specification(Path directory) {
        return json(directory.resolve("spec.json"));
    }

    private static ContainerSpec hideSecrets(ContainerSpec spec) {
        var env = new TreeMap<String, String>();
        spec.env().forEach((name, value) -> env.put(name, PLAIN_VARIABLES.contains(name) ? value : HIDDEN));
        return spec.change().env(env).build();
    }

    private static LaunchPlan hideSecrets(LaunchPlan plan) {
        List<String> environment = plan.command().environment().stream()
                .map(variable -> {
                    String name = variable.substring(0, variable.indexOf('='));
                    return PLAIN_VARIABLES.contains(name) ? variable : name + "=" + HIDDEN;
                })
                .toList();
        return new LaunchPlan(
                plan.id(),
                plan.name(),
                plan.mode(),
                plan.hostname(),
                plan.places(),
                plan.namespaces(),
                plan.ownClocks(),
                plan.uidMaps(),
                plan.gidMaps(),
                plan.denySetgroups(),
                plan.mapPrograms(),
                plan.init(),
                plan.keepStdin(),
                plan.held(),
                plan.console(),
                plan.oomScoreAdj(),
                plan.cgroup(),
                plan.rootfs(),
                plan.identity(),
                plan.capabilities(),
                plan.rlimits(),
                plan.landlock(),
                plan.seccomp(),
                new LaunchPlan.Command(plan.command().workdir(), plan.workload(), environment),
                LaunchPlan.Sandbox.NONE,
                LaunchPlan.Hooks.NONE,
                plan.notifySocket(),
                plan.log(),
                plan.statements());
    }

    /** A container of an earlier manager, as its directory tells. */
    record Found(ContainerRecord entry, Path directory, Optional<ContainerState.Stopped> exit) {}

    /** All containers on disk. A directory whose record can't be read was never launched: it is removed. */
    List<Found> load() throws IOException {
        try (Stream<Path> directories = Files.list(containers)) {
            return directories.toList().parallelStream()
                    .map(this::load)
                    .flatMap(Optional::stream)
                    .toList();
        }
    }

    private Optional<Found> load(Path directory) {
        try {
            var entry = JSON.readValue(directory.resolve("state.json").toFile(), ContainerRecord.class);
            return Optional.of(new Found(entry, directory, exit(directory)));
        } catch (JacksonException e) {
            log.warn("{} holds no readable record and is removed: {}", directory, e.getMessage());
            try {
                delete(directory);
            } catch (IOException left) {
                log.warn("{} can't be removed: {}", directory, left.toString());
            }
            return Optional.empty();
        } catch (RuntimeException | Error e) {
            // Nothing is known of it, so it stays as it is; the other containers are taken over.
            log.error("the record of a container in {} can't be read", directory, e);
            return Optional.empty();
        }
    }

    /** What is written for people beside a container's logs. */
    Container.Description description(Path directory) {
        JsonNode plan = json(directory.resolve("plan.json"));
        var statements = new ArrayList<Statement>();
        for (JsonNode node : plan.path("statements")) {
            statements.add(JSON.treeToValue(node, Statement.class));
        }
        var command = new ArrayList<String>();
        plan.path("command").path("arguments").forEach(argument -> command.add(argument.asString()));
        return new Container.Description(statements, command);
    }

    /** What the shim left when the container ended. */
    Optional<ContainerState.Stopped> exit(Path directory) {
        JsonNode exit = json(directory.resolve("exit.json"));
        if (!exit.isObject()) {
            return Optional.empty();
        }
        int signal = exit.path("signal").asInt();
        return Optional.of(new ContainerState.Stopped(
                Optional.of(instant(exit.path("startedAt").asLong())),
                instant(exit.path("exitedAt").asLong()),
                Optional.of(new ExitStatus(
                        exit.path("code").asInt(),
                        signal == 0 ? Optional.empty() : Optional.of(new Signal(signal)),
                        exit.path("outOfMemory").asBoolean(false)))));
    }

    private static Instant instant(long nanos) {
        return Instant.ofEpochSecond(nanos / 1_000_000_000, nanos % 1_000_000_000);
    }

    private static JsonNode json(Path file) {
        try {
            return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    ? JSON.readTree(file.toFile())
                    : JSON.missingNode();
        } catch (JacksonException e) {
            log.warn("{} can't be read: {}", file, e.getMessage());
            return JSON.missingNode();
        }
    }

    /** Removes a container's directory; one that is gone already is fine. Links are removed, not followed. */
    static void delete(Path directory) throws IOException {
        try {
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(
                        Path visited, @org.jspecify.annotations.Nullable IOException error) throws IOException {
                    Files.deleteIfExists(visited);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (NoSuchFileException e) {
            log.debug("{} is gone already", directory);
        }
    }
}
