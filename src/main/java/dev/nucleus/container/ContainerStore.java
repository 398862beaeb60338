package dev.nucleus.container;

import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.plan.Statement;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.shim.ExitStatus;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Signal;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/**
 * Containers' records on disk: one directory each, {@code containers/<id>/} with {@code state.json} and its copy
 * {@code record.json}, {@code spec.json}, {@code plan.json}, and the shim's {@code exit.json} and {@code logs/}. Files
 * are written under another name and renamed, never through a link, mode 0600.
 */
final class ContainerStore {

    private static final Logger log = LoggerFactory.getLogger(ContainerStore.class);
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final ObjectWriter RECORD = JSON.writerFor(ContainerRecord.class);
    private static final Set<String> PLAIN_VARIABLES = Set.of("PATH", "HOME", "LANG", "USER");
    private static final String HIDDEN = "***";
    private static final String RECORD_FILE = "state.json";
    private static final String COPY = "record.json";
    private static final String EXIT = "exit.json";
    private static final String LOGS = "logs";

    /** Attempts to delete a directory that its shim still writes to: two files and a directory at most. */
    private static final int DELETE_ATTEMPTS = 10;

    private static final Set<OpenOption> NEW_FILE =
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    private static final FileAttribute<?> OWNER_ONLY_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path containers;

    ContainerStore(Path state) throws IOException {
        containers = PrivateDirectories.create(PrivateDirectories.create(state).resolve("containers"));
        PrivateDirectories.create(removed(containers));
    }

    Path directory(String id) {
        return containers.resolve(id);
    }

    /** Encodes a record for {@code state.json}. The shim writes that file before anything of the container runs. */
    static byte[] encode(ContainerRecord entry) {
        return RECORD.writeValueAsBytes(entry);
    }

    /**
     * Writes a second copy of the record, which survives a crash of the host, and for people the specification and the
     * plan, with secrets hidden.
     */
    void describe(Path directory, ContainerRecord entry, ContainerSpec spec, LaunchPlan plan) throws IOException {
        replace(directory, COPY, encode(entry));
        replace(directory, "spec.json", JSON.writeValueAsBytes(spec.redacted(PLAIN_VARIABLES, HIDDEN)));
        replace(directory, "plan.json", JSON.writeValueAsBytes(plan.redacted(PLAIN_VARIABLES, HIDDEN)));
    }

    /** Rewrites a record that could not be read. */
    void restore(Path directory, ContainerRecord entry) throws IOException {
        replace(directory, RECORD_FILE, encode(entry));
    }

    /** Stores the end of the previous run beside the log of the run that follows it. */
    static void keep(Path directory, PreviousRun previous) throws IOException {
        replace(directory, PreviousRun.FILE, previous.encode());
    }

    private static void replace(Path directory, String name, byte[] content) throws IOException {
        Path fresh = directory.resolve(name + ".new");
        Files.deleteIfExists(fresh);
        try (FileChannel file = FileChannel.open(fresh, NEW_FILE, OWNER_ONLY_FILE)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(false);
        }
        Files.move(fresh, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    /** The specification in the form of {@code spec.json}, with secrets hidden. */
    static JsonNode specification(ContainerSpec spec) {
        return JSON.valueToTree(spec.redacted(PLAIN_VARIABLES, HIDDEN));
    }

    /** The specification as stored in {@code spec.json}; a missing node if there is none. */
    static JsonNode specification(Path directory) {
        return json(directory.resolve("spec.json"));
    }

    /** The directory of a container that an earlier manager launched. */
    sealed interface Entry {

        Path directory();

        /** Its record can be read. */
        record Found(ContainerRecord entry, Path directory, Optional<ContainerState.Stopped> exit) implements Entry {}

        /**
         * @param why its record can't be read, as a sentence that names the file
         * @param name of the container, if that much could be read
         */
        record Unreadable(String id, Path directory, String why, Optional<String> name) implements Entry {}
    }

    /** All containers on disk. */
    List<Entry> load() throws IOException {
        deleteRemoved();
        try (Stream<Path> directories = Files.list(containers)) {
            List<Path> found = directories.toList();
            found.stream()
                    .filter(directory -> !isId(directory))
                    .forEach(directory -> log.warn("ignoring {}, which is not a container's directory", directory));
            return found.stream().filter(ContainerStore::isId).toList().parallelStream()
                    .map(directory -> load(directory.getFileName().toString()))
                    .toList();
        }
    }

    private static boolean isId(Path directory) {
        return ContainerId.isId(directory.getFileName().toString());
    }

    /** Reads the entry of one container. */
    Entry load(String id) {
        Path directory = directory(id);
        try {
            return new Entry.Found(read(directory.resolve(RECORD_FILE), id), directory, exit(directory));
        } catch (UnreadableRecordException e) {
            return new Entry.Unreadable(id, directory, String.valueOf(e.getMessage()), e.name());
        }
    }

    /** @throws UnreadableRecordException when there is no second copy, or it can't be read either */
    ContainerRecord readCopy(String id) throws UnreadableRecordException {
        return read(directory(id).resolve(COPY), id);
    }

    private static ContainerRecord read(Path file, String id) throws UnreadableRecordException {
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            return decode(in.readAllBytes(), id);
        } catch (NoSuchFileException e) {
            throw new UnreadableRecordException(file + " is missing");
        } catch (IOException | RuntimeException | Error e) {
            // Whatever the reason: a record that can't be read may be that of a running container.
            throw new UnreadableRecordException(file + " can't be read: " + e.getMessage());
        } catch (UnreadableRecordException e) {
            throw new UnreadableRecordException(file + " " + e.getMessage(), e.name());
        }
    }

    /**
     * Decodes a record, including one of a later version if it has the required fields.
     *
     * @throws UnreadableRecordException when it is truncated, another container's, or not understood
     */
    static ContainerRecord decode(byte[] record, String id) throws UnreadableRecordException {
        if (record.length == 0) {
            throw new UnreadableRecordException("is empty");
        }
        try {
            JsonNode json = JSON.readTree(record);
            if (!id.equals(json.path("id").asString(""))) {
                throw new UnreadableRecordException("is not the record of " + id + ", or not in this version's format");
            }
            Optional<String> name = Optional.of(json.path("name").asString("")).filter(text -> !text.isEmpty());
            if (name.isEmpty()
                    || !json.path("createdAt").isString()
                    || !json.path("attached").isBoolean()
                    || !isReplica(json.path("replica"))) {
                throw new UnreadableRecordException(
                        "is not in this version's format: it may be of a later version of Nucleus", name);
            }
            return JSON.treeToValue(json, ContainerRecord.class);
        } catch (JacksonException e) {
            throw new UnreadableRecordException("is not valid JSON: " + e.getOriginalMessage());
        }
    }

    private static boolean isReplica(JsonNode replica) {
        return replica.isNull()
                || replica.path("fleet").isString()
                        && replica.path("service").isString()
                        && replica.path("number").isInt()
                        && replica.path("specHash").isString()
                        && replica.path("restarts").isInt()
                        && replica.path("totalRestarts").isInt();
    }

    /** Whether its launch was cut short before its command ran: there is no exit record and no output. */
    boolean isBare(Path directory) {
        if (Files.exists(directory.resolve(EXIT), LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        try (Stream<Path> logs = Files.list(directory.resolve(LOGS))) {
            return logs.allMatch(file -> file.toFile().length() == 0);
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    /** When the directory was created, as far as the file system can tell. */
    static Instant createdAt(Path directory) {
        try {
            return Files.getLastModifiedTime(directory, LinkOption.NOFOLLOW_LINKS)
                    .toInstant();
        } catch (IOException e) {
            return Instant.EPOCH;
        }
    }

    /** Reads the description for people that is stored beside a container's logs. */
    Container.Description description(Path directory) {
        JsonNode plan = json(directory.resolve("plan.json"));
        var statements = new ArrayList<Statement>();
        for (JsonNode node : plan.path("statements")) {
            statements.add(JSON.treeToValue(node, Statement.class));
        }
        var command = new ArrayList<String>();
        // In plans of earlier versions, these fields are one level higher.
        either(plan, "/execution/command/arguments", "/command/arguments")
                .forEach(argument -> command.add(argument.asString()));
        return new Container.Description(
                statements,
                command,
                either(plan, "/streams/console", "/console").isObject());
    }

    private static JsonNode either(JsonNode node, String pointer, String former) {
        JsonNode found = node.at(pointer);
        return found.isMissingNode() ? node.at(former) : found;
    }

    /** Reads the exit record that the shim wrote when the container ended. */
    Optional<ContainerState.Stopped> exit(Path directory) {
        JsonNode exit = json(directory.resolve(EXIT));
        if (!exit.isObject()) {
            return Optional.empty();
        }
        int signal = exit.path("signal").asInt();
        return Optional.of(new ContainerState.Stopped(
                Optional.of(exit.path("startedAt").asLong())
                        .filter(started -> started != 0)
                        .map(ContainerStore::instant),
                instant(exit.path("exitedAt").asLong()),
                Optional.of(new ExitStatus(
                        exit.path("code").asInt(),
                        signal == 0 ? Optional.empty() : Optional.of(new Signal(signal)),
                        exit.path("outOfMemory").asBoolean(false)))));
    }

    /**
     * Writes an exit record as the shim does, for a container that ended before its command ran: the shim writes none.
     */
    void writeExit(Path directory, ContainerState.Stopped end) {
        ExitStatus status = end.status().orElseThrow();
        var exit = JSON.createObjectNode()
                .put("startedAt", 0)
                .put("exitedAt", nanos(end.exitedAt()))
                .put("code", status.code())
                .put("signal", status.signal().map(Signal::number).orElse(0))
                .put("outOfMemory", false);
        try {
            replace(directory, EXIT, JSON.writeValueAsBytes(exit));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long nanos(Instant at) {
        return at.getEpochSecond() * 1_000_000_000 + at.getNano();
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

    /**
     * Removes a container's directory, if it still exists. Links are removed, not followed. The directory is moved away
     * first: a manager that is killed meanwhile must not leave a directory without its record, which could be a running
     * container's.
     */
    static void delete(Path directory) throws IOException {
        Path doomed = removed(Objects.requireNonNull(directory.getParent())).resolve(directory.getFileName());
        try {
            Files.move(directory, doomed, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
                return;
            }
            log.warn("can't move {} to {}; deleting it in place: {}", directory, doomed, e.toString());
            doomed = directory;
        }
        deleteRetrying(doomed);
    }

    /** Retries, because a shim may still write or rename its last files. */
    private static void deleteRetrying(Path doomed) throws IOException {
        for (int attempt = 1; Files.exists(doomed, LinkOption.NOFOLLOW_LINKS); attempt++) {
            try {
                deleteTree(doomed);
            } catch (DirectoryNotEmptyException | NoSuchFileException e) {
                if (attempt == DELETE_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static Path removed(Path containers) {
        return containers.resolveSibling("removed");
    }

    /** Deletes what a manager that was killed had moved away but not deleted yet. */
    private void deleteRemoved() {
        try (Stream<Path> left = Files.list(removed(containers))) {
            left.forEach(ContainerStore::deleteLeft);
        } catch (IOException e) {
            log.warn("can't list the remains of removed containers: {}", e.toString());
        }
    }

    private static void deleteLeft(Path directory) {
        try {
            deleteTree(directory);
        } catch (IOException e) {
            log.warn("can't delete the remains of a removed container: {}", e.toString());
        }
    }

    private static void deleteTree(Path directory) throws IOException {
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException error) throws IOException {
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
