package dev.nucleus.rootfs;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.NewFile;
import dev.nucleus.kernel.Node;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * The content, mode, owner and link targets of everything in a root filesystem. Stored at its top as {@value #FILE}: a
 * header line, then a line for each entry, {@code <sha256>\t<mode>\t<uid>:<gid>\t<path>}, sorted by path. In a path,
 * bytes below a space, the backslash and, if it is not UTF-8, all bytes beyond ASCII are written as {@code \ooo}, as in
 * proc_pid_mountinfo(5).
 *
 * @param entries by path relative to the top, one character for each byte; without the manifest itself
 */
record RootfsManifest(SortedMap<String, RootfsEntry> entries) {

    static final String FILE = ".nucleus-rootfs-sha256";
    static final FileName NAME = FileName.of(FILE);

    private static final FileName FRESH = FileName.of(FILE + ".new");
    private static final String HEAD = "nucleus-rootfs 1";
    private static final int FIELDS = 4;
    /** Largest manifest in bytes: some two million files. */
    private static final long MAX_BYTES = 256L << 20;

    RootfsManifest {
        entries = Collections.unmodifiableSortedMap(new TreeMap<>(entries));
    }

    /**
     * Reads and hashes all files, on all processors.
     *
     * @param snapshot the files that were found
     * @throws RootfsException if a file has been replaced or changed since
     */
    static RootfsManifest scan(Directory top, RootfsSnapshot snapshot) throws IOException {
        var found = new ConcurrentHashMap<String, RootfsEntry>();
        try {
            snapshot.files().entrySet().parallelStream().forEach(file -> {
                try {
                    found.put(file.getKey(), entry(top, file.getKey(), file.getValue()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return new RootfsManifest(new TreeMap<>(found));
    }

    /** Opens each directory relative to its parent, never through a link. */
    private static RootfsEntry entry(Directory top, String path, FileStat expected) throws IOException {
        int slash = path.indexOf('/');
        if (slash >= 0) {
            try (Directory below = top.openDirectory(new FileName(path.substring(0, slash)))) {
                return entry(below, path.substring(slash + 1), expected);
            }
        }
        try (Node node = top.node(new FileName(path))) {
            String label = top + "/" + new FileName(path);
            if (!node.status().equals(expected)) {
                throw new RootfsException(label + " changed while it was read; try again");
            }
            return RootfsEntry.of(node, label);
        }
    }

    /** @throws RootfsException if the manifest is missing or can't be read */
    static RootfsManifest read(Directory top) throws IOException {
        Optional<Node> found = top.find(NAME);
        if (found.isEmpty()) {
            throw new RootfsException(
                    top + " has no manifest " + FILE + "; check its content, then run: nucleus rootfs attest " + top);
        }
        String file = top + "/" + FILE;
        var entries = new TreeMap<String, RootfsEntry>();
        try (Node node = found.get()) {
            if (!node.status().isRegularFile()) {
                throw new RootfsException(file + " is " + node.status().type().words());
            }
            if (node.status().size() > MAX_BYTES) {
                throw new RootfsException(file + " is larger than " + (MAX_BYTES >> 20) + " MiB");
            }
            try (FileChannel content = node.read();
                    var lines = new BufferedReader(Channels.newReader(content, StandardCharsets.UTF_8))) {
                if (!HEAD.equals(lines.readLine())) {
                    throw new RootfsException(
                            file + " is not a manifest of version 1: its first line is not '" + HEAD + "'");
                }
                int number = 1;
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    number++;
                    readLine(file, number, line, entries);
                }
            } catch (CharacterCodingException e) {
                throw new RootfsException(file + " is not UTF-8", e);
            }
        }
        return new RootfsManifest(entries);
    }

    private static void readLine(String file, int number, String line, Map<String, RootfsEntry> entries) {
        String[] fields = line.split("\t", -1);
        try {
            String[] owner = fields[2].split(":", -1);
            var entry = new RootfsEntry(
                    fields[0], Integer.parseInt(fields[1], 8), Integer.parseInt(owner[0]), Integer.parseInt(owner[1]));
            if (fields.length != FIELDS || entries.put(unescape(fields[3]), entry) != null) {
                throw new RootfsException(file + ":" + number + ": expected " + FIELDS + " fields and a new path");
            }
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw new RootfsException(file + ":" + number + ": invalid manifest line: " + Text.shown(line), e);
        }
    }

    /** Writes the manifest to the top, writable only by its owner. */
    void write(Directory top) throws IOException {
        if (top.status(FRESH).isPresent()) {
            top.deleteFile(FRESH);
        }
        ByteBuffer text = ByteBuffer.wrap(text().getBytes(StandardCharsets.UTF_8));
        try (NewFile fresh = top.createFile(FRESH);
                FileChannel content = fresh.write()) {
            while (text.hasRemaining()) {
                content.write(text);
            }
            fresh.setMode(0644);
        }
        top.rename(FRESH, top, NAME);
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

    /** SHA-256 of the manifest's text, which stands for the whole root filesystem. */
    String digest() {
        return DigestUtils.sha256Hex(text());
    }

    /** Describes what is missing, changed or extra in the given manifest, each as a phrase. */
    List<String> differences(RootfsManifest found) {
        var differences = new ArrayList<String>();
        entries.forEach((path, recorded) -> {
            RootfsEntry entry = found.entries.get(path);
            if (entry == null) {
                differences.add("missing: " + escape(path));
            } else if (!entry.equals(recorded)) {
                differences.add("changed: " + escape(path) + " (" + entry.differenceFrom(recorded) + ")");
            }
        });
        found.entries.keySet().stream()
                .filter(path -> !entries.containsKey(path))
                .forEach(path -> differences.add("extra: " + escape(path)));
        return differences;
    }

    /** Decodes bytes, one per character, as UTF-8; malformed input becomes U+FFFD. */
    static String text(String bytes) {
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    /** @param path one character for each byte */
    static String escape(String path) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(path.getBytes(StandardCharsets.ISO_8859_1)))
                    .toString();
        } catch (CharacterCodingException e) {
            return escape(path, 0x7f);
        }
        return escape(text, Character.MAX_VALUE);
    }

    private static String escape(String text, int last) {
        var escaped = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c == '\\' || c > last) {
                escaped.append('\\').append("%03o".formatted((int) c));
            } else {
                escaped.append(c);
            }
        }
        return escaped.toString();
    }

    /** @return one character for each byte */
    static String unescape(String text) {
        var path = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                path.append((char) (Integer.parseInt(text.substring(i + 1, i + 4), 8) & 0xff));
                i += 3;
            } else if (c < 0x80) {
                path.append(c);
            } else {
                int end = i + (Character.isHighSurrogate(c) && i + 1 < text.length() ? 2 : 1);
                path.append(new String(
                        text.substring(i, end).getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
                i = end - 1;
            }
        }
        return path.toString();
    }
}
