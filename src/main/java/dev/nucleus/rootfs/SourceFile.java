package dev.nucleus.rootfs;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.Node;
import dev.nucleus.kernel.TrustedPath;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A file of the host, held open. Links are followed if root or the manager's own user made them ({@link TrustedPath}),
 * and also between names in the same directory, such as {@code libx.so.1 → libx.so.1.2}: the user who made that link
 * could have made the file.
 *
 * @param node the file, opened with O_PATH: nothing happens to a device or pipe before it is read
 */
record SourceFile(Node node) implements AutoCloseable {

    private static final int MAX_LINKS = 8;

    static SourceFile open(Path path) throws IOException {
        Path parent = path.getParent();
        Optional<FileName> name = name(path);
        if (parent == null || name.isEmpty()) {
            throw new NoSuchFileException(path.toString());
        }
        try (TrustedPath above = TrustedPath.open(parent);
                Directory directory = above.openDirectory()) {
            return open(directory, name.get(), path);
        }
    }

    private static SourceFile open(Directory directory, FileName name, Path path) throws IOException {
        FileName next = name;
        for (int i = 0; i < MAX_LINKS; i++) {
            Node node = directory.node(next);
            if (!node.status().isSymbolicLink()) {
                return new SourceFile(node);
            }
            Optional<FileName> sibling;
            try (node) {
                sibling = sibling(node.linkTarget());
            }
            if (sibling.isEmpty()) {
                return new SourceFile(TrustedPath.open(path).node());
            }
            next = sibling.get();
        }
        throw new FileSystemException(path.toString(), null, "more than " + MAX_LINKS + " symbolic links");
    }

    /** The name that a link leads to in its own directory; empty if it leads elsewhere. */
    static Optional<FileName> sibling(String linkTarget) {
        return linkTarget.contains("/") || linkTarget.equals(".") || linkTarget.equals("..")
                ? Optional.empty()
                : Optional.of(new FileName(linkTarget));
    }

    /** The last name of a path; empty if there is none, or it is "." or "..". */
    static Optional<FileName> name(Path path) {
        String text = String.valueOf(path.getFileName());
        return text.equals(".") || text.equals("..") || text.equals("null") || text.isEmpty()
                ? Optional.empty()
                : Optional.of(FileName.of(text));
    }

    FileStat status() {
        return node.status();
    }

    FileChannel read() throws IOException {
        return node.read();
    }

    @Override
    public void close() {
        node.close();
    }
}
