package dev.nucleus.rootfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * Everything in a root filesystem, with content, mode, owner and targets of links. Kept at its top as {@value #FILE}: a
 * head line, then a line for each, {@code <sha256>\t<mode>\t<uid>:<gid>\t<path>}, sorted by path. Bytes of a path below a
 * space and the backslash are written as {@code \ooo}, as proc_pid_mountinfo(5) has it.
 *
 * @param entries by path relative to the top, without the manifest itself
 */
record RootfsManifest(SortedMap<String, RootfsEntry> entries) {

    static final String FILE = ".nucleus-rootfs-sha256";

    private static final String HEAD = "nucleus-rootfs 1";
    private static final int FIELDS = 4;

    RootfsManifest {
        entries = Collections.unmodifiableSortedMap(new TreeMap<>(entries));
    }

    /** Reads and hashes all of it, on all processors. */
    static RootfsManifest scan(Path top) throws IOException {
        var found = new ConcurrentHashMap<String, RootfsEntry>();
        try {
            files(top).parallelStream().forEach(file -> {
                try {
                    FileStatus status = FileStatus.of(file);
                    if (!status.plain()) {
                        throw new RootfsException(file + " is neither a file nor a directory nor a link");
                    }
                    found.put(top.relativize(file).toString(), RootfsEntry.of(file, status));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return new RootfsManifest(new TreeMap<>(found));
    }

    /** All below the top, links not followed; neither the top itself nor its manifest. */
    static List<Path> files(Path top) throws IOException {
        Path own = top.resolve(FILE);
        try (Stream<Path> tree = Files.walk(top)) {
            return tree.filter(file -> !file.equals(top) && !file.equals(own)).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** @throws RootfsException when there is none, or none that can be read */
    static RootfsManifest read(Path top) throws IOException {
        Path file = top.resolve(FILE);
        List<String> lines;
        try {
            if (Files.isSymbolicLink(file)) {
                throw new RootfsException(file + " is a link");
            }
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new RootfsException(
                    top + " has no manifest " + FILE + "; look at it, then: nucleus rootfs attest " + top, e);
        }
        if (lines.isEmpty() || !lines.getFirst().equals(HEAD)) {
            throw new RootfsException(file + " is no manifest of version 1: its first line is not '" + HEAD + "'");
        }
        var entries = new TreeMap<String, RootfsEntry>();
        for (int i = 1; i < lines.size(); i++) {
            readLine(file, i + 1, lines.get(i), entries);
        }
        return new RootfsManifest(entries);
    }

    private static void readLine(Path file, int number, String line, Map<String, RootfsEntry> entries) {
        String[] fields = line.split("\t", -1);
        try {
            String[] owner = fields[2].split(":", -1);
            var entry = new RootfsEntry(
                    fields[0], Integer.parseInt(fields[1], 8), Integer.parseInt(owner[0]), Integer.parseInt(owner[1]));
            if (fields.length != FIELDS || entries.put(unescape(fields[3]), entry) != null) {
                throw new RootfsException(file + ":" + number + ": " + FIELDS + " fields and a new path were expected");
            }
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw new RootfsException(file + ":" + number + ": no line of a manifest: " + line, e);
        }
    }

    /** Writes it to the top, for its owner alone to write. */
    void write(Path top) throws IOException {
        Path fresh = top.resolve(FILE + ".new");
        Files.deleteIfExists(fresh);
        Files.writeString(fresh, text());
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
        Files.move(fresh, top.resolve(FILE), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private String text() {
        var text = new StringBuilder(HEAD).append('\n');
        entries.forEach((path, entry) -> text.append(entry.digest())
                .append('\t')
                .append(Integer.toOctalString(entry.mode()))
                .append('\t')
                .append(entry.uid())
                .append(':')
                .append(entry.gid())
                .append('\t')
                .append(escape(path))
                .append('\n'));
        return text.toString();
    }

    /** SHA-256 of the manifest's text: one number for all of the root filesystem. */
    String digest() {
        return DigestUtils.sha256Hex(text());
    }

    /** What is missing, changed or extra in the one found, each as a phrase. */
    List<String> differences(RootfsManifest found) {
        var differences = new ArrayList<String>();
        entries.forEach((path, recorded) -> {
            RootfsEntry entry = found.entries.get(path);
            if (entry == null) {
                differences.add("missing: " + path);
            } else if (!entry.equals(recorded)) {
                differences.add("changed: " + path + " (" + entry.differenceFrom(recorded) + ")");
            }
        });
        found.entries.keySet().stream()
                .filter(path -> !entries.containsKey(path))
                .forEach(path -> differences.add("extra: " + path));
        return differences;
    }

    static String escape(String path) {
        var escaped = new StringBuilder();
        for (char c : path.toCharArray()) {
            if (c < ' ' || c == '\\') {
                escaped.append('\\').append("%03o".formatted((int) c));
            } else {
                escaped.append(c);
            }
        }
        return escaped.toString();
    }

    static String unescape(String text) {
        var path = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                path.append((char) Integer.parseInt(text.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                path.append(c);
            }
        }
        return path.toString();
    }

    /** Whether there is one, readable or not. */
    static boolean exists(Path top) {
        return Files.exists(top.resolve(FILE), LinkOption.NOFOLLOW_LINKS);
    }
}
