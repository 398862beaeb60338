package dev.nucleus.workspace;

import dev.nucleus.kernel.FileName;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A record of what a tree contained, in a file that is written and read line by line, so that its size costs no memory.
 * A regular file is {@code f}, whether it is executable ({@code x} or {@code -}), its {@linkplain ContentDigest
 * digest}, and its name. A directory is {@code d} and its name, then its entries, then {@code u}. The entries of a directory are ordered
 * by the bytes of their names. The last line is the {@code u} of the top.
 *
 * @param file one of the manager's own
 */
public record TreeManifest(Path file) {

    private static final String HEADER = "nucleus-tree 2";
    /** The header of the format in which digests are the SHA-256 of the content, holes included. */
    private static final String FIRST_HEADER = "nucleus-tree 1";

    private static final String LEAVE = "u";
    private static final int DIGEST = 64;

    /** A line. */
    sealed interface Item {

        /** An entry of a directory. */
        sealed interface Entry extends Item {
            FileName name();
        }

        record DirectoryEntry(FileName name) implements Entry {}

        record FileEntry(FileName name, Content content) implements Entry {}

        /** The end of a directory. */
        record End() implements Item {}
    }

    /** The properties of a regular file that are compared. */
    record Content(String digest, boolean executable) {}

    /** Writes a manifest, under a temporary name until it is complete. */
    static final class Recorder implements AutoCloseable {

        private final Path file;
        private final Path part;
        private final FileChannel channel;
        private final Writer lines;

        Recorder(Path file) throws IOException {
            this.file = file;
            this.part = file.resolveSibling(file.getFileName() + ".part");
            this.channel = FileChannel.open(
                    part, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
            this.lines = new BufferedWriter(
                    new OutputStreamWriter(Channels.newOutputStream(channel), StandardCharsets.ISO_8859_1));
            lines.write(HEADER + "\n");
        }

        void enter(FileName name) throws IOException {
            lines.write("d " + escaped(name) + "\n");
        }

        void file(FileName name, Content content) throws IOException {
            lines.write("f " + (content.executable() ? "x " : "- ") + content.digest() + " " + escaped(name) + "\n");
        }

        void leave() throws IOException {
            lines.write(LEAVE + "\n");
        }

        TreeManifest finish() throws IOException {
            lines.flush();
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            return new TreeManifest(file);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** Reads a manifest from the first line to the last. */
    static final class Cursor implements AutoCloseable {

        private final Path file;
        private final BufferedReader lines;
        private final boolean hashesHoles;
        private @Nullable Item ahead;

        private Cursor(Path file) throws IOException {
            this.file = file;
            this.lines =
                    new BufferedReader(new InputStreamReader(Files.newInputStream(file), StandardCharsets.ISO_8859_1));
            String header = lines.readLine();
            this.hashesHoles = FIRST_HEADER.equals(header);
            if (!hashesHoles && !HEADER.equals(header)) {
                lines.close();
                throw unreadable("does not begin with '" + HEADER + "'");
            }
        }

        /** Whether its digests include holes, as those of an earlier version. */
        boolean hashesHoles() {
            return hashesHoles;
        }

        /** Returns the next line without consuming it. */
        Item peek() throws IOException {
            Item item = ahead;
            if (item == null) {
                item = read();
                ahead = item;
            }
            return item;
        }

        Item take() throws IOException {
            Item item = peek();
            ahead = null;
            return item;
        }

        /** Returns the next entry of the current directory without consuming it; null at the end of the directory. */
        Item.@Nullable Entry peekEntry() throws IOException {
            return peek() instanceof Item.Entry entry ? entry : null;
        }

        private Item read() throws IOException {
            String line = lines.readLine();
            if (line == null) {
                throw unreadable("ends early");
            }
            if (line.equals(LEAVE)) {
                return new Item.End();
            }
            if (line.startsWith("d ")) {
                return new Item.DirectoryEntry(name(line, 2));
            }
            int name = 4 + DIGEST + 1;
            if (line.length() > name && (line.startsWith("f x ") || line.startsWith("f - "))) {
                return new Item.FileEntry(
                        name(line, name), new Content(line.substring(4, 4 + DIGEST), line.charAt(2) == 'x'));
            }
            throw unreadable("has an invalid line");
        }

        private FileName name(String line, int start) {
            try {
                return new FileName(unescaped(line.substring(start)));
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                throw unreadable("has an invalid name");
            }
        }

        private WorkspaceException unreadable(String how) {
            return new WorkspaceException("the manifest of the copy, " + file + ", " + how);
        }

        @Override
        public void close() throws IOException {
            lines.close();
        }
    }

    Cursor read() throws IOException {
        return new Cursor(file);
    }

    /** @throws WorkspaceException if the manifest is incomplete */
    void check() throws IOException {
        try (Cursor cursor = read()) {
            int depth = 1;
            while (depth > 0) {
                depth += switch (cursor.take()) {
                    case Item.DirectoryEntry _ -> 1;
                    case Item.FileEntry _ -> 0;
                    case Item.End _ -> -1;
                };
            }
        }
    }

    private static String escaped(FileName name) {
        String bytes = name.bytes();
        var escaped = new StringBuilder(bytes.length());
        for (int i = 0; i < bytes.length(); i++) {
            char character = bytes.charAt(i);
            if (character < ' ' || character == '\\' || character >= 0x7f) {
                escaped.append('\\').append(HexFormat.of().toHexDigits((byte) character));
            } else {
                escaped.append(character);
            }
        }
        return escaped.toString();
    }

    private static String unescaped(String text) {
        var bytes = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '\\') {
                bytes.append((char) HexFormat.fromHexDigits(text, i + 1, i + 3));
                i += 2;
            } else {
                bytes.append(text.charAt(i));
            }
        }
        return bytes.toString();
    }
}
