package dev.nucleus.audit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.codec.digest.DigestUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The files of the trail. Each line is a JSON object that ends with {@code "previous"}, the hash of the line before,
 * and {@code "hash"}, the SHA-256 of the line up to there. An attacker who changes, removes or inserts a line must
 * rewrite all later ones, and a head that was noted elsewhere reveals that too. A file is named after the number of its
 * first line.
 */
final class AuditChain implements AutoCloseable {

    private static final String BEGINNING = "0".repeat(64);
    private static final String HASH = ",\"hash\":\"";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path directory;
    private final long fileBytes;
    private Head head;
    private FileChannel file;
    /** Records appended since the last {@link #sync()}, and the chain's head and the file's size at that time. */
    private final List<AuditRecord> unsynced = new ArrayList<>();

    private Head syncedHead;
    private long syncedBytes;
    private boolean syncFailed;

    /** The number and the hash of the last line. */
    record Head(long number, String hash) {

        @Override
        public String toString() {
            return number + ":" + hash;
        }
    }

    private AuditChain(Path directory, long fileBytes, Head head, FileChannel file) throws IOException {
        this.directory = directory;
        this.syncedHead = head;
        this.syncedBytes = file.size();
        this.fileBytes = fileBytes;
        this.head = head;
        this.file = file;
    }

    /**
     * Continues the chain of the last manager. A partial line, left by a killed manager or a full disk, is set aside as
     * {@code .torn}: it was never acknowledged.
     *
     * @param fileBytes size after which a new file begins
     */
    static AuditChain open(Path directory, long fileBytes) throws IOException {
        Optional<Path> last = files(directory).reduce((_, second) -> second);
        if (last.isEmpty()) {
            var beginning = new Head(0, BEGINNING);
            return new AuditChain(directory, fileBytes, beginning, create(directory, beginning));
        }
        setAsidePartialLine(last.get());
        List<String> lines = Files.readAllLines(last.get());
        Head head;
        if (lines.isEmpty()) {
            // Created but not written to yet: the chain continues from the file before.
            Optional<Path> before =
                    files(directory).filter(path -> !path.equals(last.get())).reduce((_, second) -> second);
            head = before.isEmpty()
                    ? new Head(0, BEGINNING)
                    : headOf(Files.readAllLines(before.get()).getLast());
        } else {
            head = headOf(lines.getLast());
        }
        FileChannel file = FileChannel.open(last.get(), StandardOpenOption.APPEND, LinkOption.NOFOLLOW_LINKS);
        return new AuditChain(directory, fileBytes, head, file);
    }

    private static void setAsidePartialLine(Path path) throws IOException {
        byte[] bytes = Files.readAllBytes(path);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] != '\n') {
            end--;
        }
        if (end == bytes.length) {
            return;
        }
        Files.write(path.resolveSibling(path.getFileName() + ".torn"), Arrays.copyOfRange(bytes, end, bytes.length));
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.truncate(end);
            channel.force(true);
        }
    }

    private static FileChannel create(Path directory, Head head) throws IOException {
        Path path = directory.resolve(String.format(Locale.ROOT, "audit-%012d.jsonl", head.number() + 1));
        return FileChannel.open(
                path,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.APPEND),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    static Stream<Path> files(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries
                    .filter(path -> path.getFileName().toString().matches("audit-\\d{12}\\.jsonl"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    /**
     * Flushes what was appended to the disk (fdatasync(2)). After a failure the next attempt writes it again: the
     * kernel may have dropped the pages that it could not write (fsync(2), NOTES).
     */
    void sync() throws IOException {
        if (syncFailed) {
            writeUnsyncedAgain();
        }
        try {
            file.force(false);
        } catch (IOException e) {
            syncFailed = true;
            throw e;
        }
        unsynced.clear();
        syncedHead = head;
        syncedBytes = file.size();
    }

    private void writeUnsyncedAgain() throws IOException {
        file.truncate(syncedBytes);
        head = syncedHead;
        write(unsynced);
        syncFailed = false;
    }

    /** Appends all records or none. They survive a crash of the manager, and after {@link #sync()} one of the host. */
    void append(List<AuditRecord> records) throws IOException {
        if (file.size() >= fileBytes) {
            // Before the next file is created, so that a failure can be retried.
            sync();
            FileChannel fresh = create(directory, head);
            file.close();
            file = fresh;
            syncedBytes = 0;
        }
        write(records);
        unsynced.addAll(records);
    }

    private void write(List<AuditRecord> records) throws IOException {
        Head now = head;
        var text = new StringBuilder();
        for (AuditRecord record : records) {
            String line = line(record, now.number() + 1, now.hash());
            text.append(line).append('\n');
            now = headOf(line);
        }
        long before = file.size();
        try {
            ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
        } catch (IOException e) {
            file.truncate(before);
            throw e;
        }
        head = now;
    }

    private static String line(AuditRecord record, long number, String previous) {
        ObjectNode node = JSON.createObjectNode()
                .put("number", number)
                .put("at", record.at().truncatedTo(ChronoUnit.MILLIS).toString())
                .put("kind", record.kind().word())
                .put("principal", record.principal());
        if (!record.containerId().isEmpty() || !record.containerName().isEmpty()) {
            node.putObject("container").put("id", record.containerId()).put("name", record.containerName());
        }
        node.put("detail", record.detail()).put("error", record.error());
        if (!record.posture().isEmpty()) {
            node.put("posture", record.posture());
        }
        node.put("previous", previous);
        String content = JSON.writeValueAsString(node);
        return content.substring(0, content.length() - 1) + HASH + DigestUtils.sha256Hex(content) + "\"}";
    }

    private static Head headOf(String line) {
        JsonNode node = JSON.readTree(line);
        return new Head(node.path("number").asLong(), node.path("hash").asString());
    }

    Head head() {
        return head;
    }

    /**
     * Deletes files last written before a moment, but never the newest. The rest continues from the last deleted hash.
     */
    void forget(Instant older) throws IOException {
        List<Path> files = files(directory).toList();
        for (Path path : files.subList(0, Math.max(0, files.size() - 1))) {
            if (Files.getLastModifiedTime(path).toInstant().isBefore(older)) {
                Files.delete(path);
            }
        }
    }

    @Override
    public void close() throws IOException {
        try {
            sync();
        } finally {
            file.close();
        }
    }

    /**
     * @param fault where and how the chain is broken; empty: it is intact
     * @param head the last line that was read
     */
    record Verification(int files, long lines, Optional<String> fault, Head head) {}

    /** Reads all files and follows the chain. A line that is still being written is not counted. */
    static Verification verify(Path directory) throws IOException {
        List<Path> files = files(directory).toList();
        Head head = new Head(0, BEGINNING);
        long lines = 0;
        for (Path path : files) {
            int row = 0;
            try (Stream<String> content = Files.lines(path)) {
                for (String line : (Iterable<String>) content::iterator) {
                    row++;
                    boolean first = lines == 0;
                    Optional<String> fault = fault(line, head, first, path);
                    if (fault.isPresent() && path.equals(files.getLast()) && isBeingWritten(path, line)) {
                        return new Verification(files.size(), lines, Optional.empty(), head);
                    }
                    if (fault.isPresent()) {
                        return new Verification(
                                files.size(), lines, Optional.of(path + ":" + row + ": " + fault.get()), head);
                    }
                    head = headOf(line);
                    lines++;
                }
            } catch (UncheckedIOException e) {
                return new Verification(files.size(), lines, Optional.of(path + ": " + e.getMessage()), head);
            }
        }
        return new Verification(files.size(), lines, Optional.empty(), head);
    }

    /** Whether it is the file's last line and its newline is still missing. */
    private static boolean isBeingWritten(Path path, String line) throws IOException {
        String text = Files.readString(path);
        return text.equals(line) || text.endsWith("\n" + line);
    }

    /** @param head as {@link Head#toString} writes it */
    static boolean contains(Path directory, String head) throws IOException {
        for (Path path : files(directory).toList()) {
            try (Stream<String> content = Files.lines(path)) {
                if (content.anyMatch(line -> headOf(line).toString().equals(head))) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Optional<String> fault(String line, Head before, boolean first, Path path) {
        int at = line.lastIndexOf(HASH);
        if (at < 0 || !line.endsWith("\"}")) {
            return Optional.of("is not a line of an audit trail");
        }
        String hash = line.substring(at + HASH.length(), line.length() - 2);
        if (!DigestUtils.sha256Hex(line.substring(0, at) + "}").equals(hash)) {
            return Optional.of("was changed: its hash does not match its content");
        }
        JsonNode node = JSON.readTree(line);
        long number = node.path("number").asLong();
        if (first) {
            String name = path.getFileName().toString();
            return name.equals(String.format(Locale.ROOT, "audit-%012d.jsonl", number))
                    ? Optional.empty()
                    : Optional.of("is number " + number + "; lines before it are missing from the file");
        }
        if (number != before.number() + 1) {
            return Optional.of("is number " + number + " after " + before.number() + ": lines are missing");
        }
        return node.path("previous").asString().equals(before.hash())
                ? Optional.empty()
                : Optional.of("does not match the hash of the line before it: that was replaced");
    }
}
