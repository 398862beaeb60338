package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * Files below a root, by paths that somebody else chose: links are followed within the root alone, never those of /proc,
 * and only regular files are ever opened to be read.
 *
 * @see Directory#nodeInRoot
 */
public final class RootedFiles implements AutoCloseable {

    private final Directory root;

    private RootedFiles(Directory root) {
        this.root = root;
    }

    /**
     * @throws IOException when the root is no directory that can be opened
     */
    public static RootedFiles below(Path root) throws IOException {
        return new RootedFiles(Directory.open(root));
    }

    /** What is there; empty when nothing is, or nothing that the root contains. */
    public Optional<FileStat.Type> type(String path) {
        if (path.indexOf('\0') >= 0) {
            return Optional.empty();
        }
        try (Node node = root.nodeInRoot(path)) {
            return Optional.of(node.status().type());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The first bytes of a regular file, at most that many; empty when there is none that can be read. */
    public Optional<byte[]> head(String path, int most) {
        if (path.indexOf('\0') >= 0) {
            return Optional.empty();
        }
        try (Node node = root.nodeInRoot(path);
                FileChannel content = node.read()) {
            ByteBuffer buffer = ByteBuffer.allocate(most);
            int length = content.read(buffer);
            return Optional.of(Arrays.copyOf(buffer.array(), Math.max(0, length)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        root.close();
    }
}
