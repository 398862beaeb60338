package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * Files below a root, accessed by untrusted paths: links are followed only within the root, magic links of /proc never,
 * and only regular files are opened for reading.
 *
 * @see Directory#nodeInRoot
 */
public final class RootedFiles implements AutoCloseable {

    private final Directory root;

    private RootedFiles(Directory root) {
        this.root = root;
    }

    /** @throws IOException when the root can't be opened as a directory */
    public static RootedFiles below(Path root) throws IOException {
        return new RootedFiles(Directory.open(root));
    }

    /** The type of the file; empty when there is none within the root. */
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

    /** The first bytes of a regular file, at most {@code most}; empty when it can't be read. */
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
