package dev.nucleus.workspace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.commons.codec.binary.Hex;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * The directories and regular files below a directory, by path, with what they contain. Links and special files are
 * looked at, and never followed or opened: every directory is opened from the one it is in.
 *
 * @param entries by relative path, '/' between names
 * @param skipped what was there besides: links, special files, and {@linkplain LeftOut names that are left out}
 */
public record TreeManifest(SortedMap<String, Entry> entries, List<Skipped> skipped) {

    /** As deep as a tree may be. */
    static final int DEEPEST = 128;

    /** @param sha256 of a file's content; empty: a directory */
    public record Entry(String sha256, boolean executable) {
        boolean directory() {
            return sha256.isEmpty();
        }
    }

    /** @param why in a word or two */
    public record Skipped(String path, String why) {}

    public TreeManifest {
        entries = Collections.unmodifiableSortedMap(new TreeMap<>(entries));
        skipped = List.copyOf(skipped);
    }

    /** What is done with each regular file, which is open for reading. */
    interface Visitor {
        void directory(String path) throws IOException;

        void file(String path, SeekableByteChannel content, boolean executable) throws IOException;
    }

    /**
     * Reads all of it.
     *
     * @throws WorkspaceException when it is no directory, or too deep
     */
    public static TreeManifest of(Path top) {
        return walk(top, new Visitor() {
            @Override
            public void directory(String path) {}

            @Override
            public void file(String path, SeekableByteChannel content, boolean executable) {}
        });
    }

    static TreeManifest walk(Path top, Visitor visitor) {
        if (!Files.isDirectory(top, LinkOption.NOFOLLOW_LINKS)) {
            throw new WorkspaceException(top + " is no directory");
        }
        var walk = new Walk(top, visitor);
        try (SecureDirectoryStream<Path> stream = secure(Files.newDirectoryStream(top))) {
            walk.directory(stream, "", 1);
        } catch (IOException e) {
            throw new WorkspaceException("can't read " + top + ": " + e.getMessage(), e);
        } catch (UncheckedIOException | java.nio.file.DirectoryIteratorException e) {
            throw new WorkspaceException("can't read " + top + ": " + e.getMessage(), e);
        }
        return new TreeManifest(walk.entries, walk.skipped);
    }

    private static SecureDirectoryStream<Path> secure(DirectoryStream<Path> stream) {
        return (SecureDirectoryStream<Path>) stream;
    }

    private static final class Walk {

        private final Path top;
        private final Visitor visitor;
        private final SortedMap<String, Entry> entries = new TreeMap<>();
        private final List<Skipped> skipped = new ArrayList<>();

        Walk(Path top, Visitor visitor) {
            this.top = top;
            this.visitor = visitor;
        }

        void directory(SecureDirectoryStream<Path> stream, String prefix, int depth) throws IOException {
            if (depth > DEEPEST) {
                throw new WorkspaceException(top + " is more than " + DEEPEST + " directories deep at " + prefix);
            }
            for (Path entry : stream) {
                String name = entry.getFileName().toString();
                String path = prefix + name;
                PosixFileAttributes attributes = stream.getFileAttributeView(
                                entry.getFileName(), PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                        .readAttributes();
                if (LeftOut.is(name)) {
                    skipped.add(new Skipped(path, "left out by its name"));
                } else if (attributes.isSymbolicLink()) {
                    skipped.add(new Skipped(path, "a link"));
                } else if (attributes.isDirectory()) {
                    entries.put(path, new Entry("", true));
                    visitor.directory(path);
                    try (var inner =
                            secure(stream.newDirectoryStream(entry.getFileName(), LinkOption.NOFOLLOW_LINKS))) {
                        directory(inner, path + "/", depth + 1);
                    }
                } else if (attributes.isRegularFile()) {
                    file(stream, entry.getFileName(), path, attributes);
                } else {
                    skipped.add(new Skipped(path, "a special file"));
                }
            }
        }

        private void file(SecureDirectoryStream<Path> stream, Path name, String path, PosixFileAttributes attributes)
                throws IOException {
            boolean executable = attributes.permissions().contains(PosixFilePermission.OWNER_EXECUTE);
            try (SeekableByteChannel content =
                    stream.newByteChannel(name, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
                visitor.file(path, content, executable);
                content.position(0);
                entries.put(path, new Entry(digest(content), executable));
            }
        }
    }

    private static String digest(SeekableByteChannel content) throws IOException {
        MessageDigest digest = DigestUtils.getSha256Digest();
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        while (content.read(buffer) >= 0) {
            digest.update(buffer.flip());
            buffer.clear();
        }
        return Hex.encodeHexString(digest.digest());
    }
}
