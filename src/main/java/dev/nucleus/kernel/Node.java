package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * A file of any type, held by a descriptor that can't read it (O_PATH of open(2)): opening has no effect on a device or
 * a pipe, and a link is not followed. Its type is determined through the descriptor, so it can't be swapped for another
 * file before it is read.
 */
public final class Node implements AutoCloseable {

    private static final int MAX_PATH = 4096;
    private static final byte[] ITSELF = {0};
    private static final byte[] HERE = {'.', 0};

    private final Descriptor descriptor;
    private final String label;
    private final FileStat status;

    private Node(Descriptor descriptor, String label) throws IOException {
        this.descriptor = descriptor;
        this.label = label;
        this.status = FileStat.of(descriptor.number(), label);
    }

    /** @param path ends with a zero byte; its last component is not followed */
    static Node open(int directory, byte[] path, String label) throws IOException {
        Descriptor descriptor = Descriptor.open(directory, path, Descriptor.O_PATH | Descriptor.O_NOFOLLOW, 0, label);
        try {
            return new Node(descriptor, label);
        } catch (IOException | RuntimeException e) {
            descriptor.close();
            throw e;
        }
    }

    /** @param path ends with a zero byte; links are followed within that directory */
    static Node openInRoot(int root, byte[] path, String label) throws IOException {
        Descriptor descriptor = Descriptor.openInRoot(root, path, Descriptor.O_PATH, label);
        try {
            return new Node(descriptor, label);
        } catch (IOException | RuntimeException e) {
            descriptor.close();
            throw e;
        }
    }

    Node child(FileName name, String childLabel) throws IOException {
        return open(descriptor.number(), name.terminated(), childLabel);
    }

    /** The status when it was opened. */
    public FileStat status() {
        return status;
    }

    /** The current status. */
    public FileStat currentStatus() throws IOException {
        return FileStat.of(descriptor.number(), label);
    }

    /** Its descriptor number in this process, valid while this is open. */
    public int descriptor() {
        return descriptor.number();
    }

    /** A path of this process that opens this very file, even if its name now leads elsewhere. */
    public Path path() {
        return descriptor.path();
    }

    /** Opens this directory; the node may be closed afterwards. */
    public Directory openDirectory() throws IOException {
        if (!status.isDirectory()) {
            throw new NotDirectoryException(label);
        }
        return new Directory(
                Descriptor.open(
                        descriptor.number(),
                        HERE,
                        Descriptor.O_RDONLY | Descriptor.O_DIRECTORY | Descriptor.O_NOFOLLOW,
                        0,
                        label),
                label);
    }

    /** Opens this regular file for reading. Other types are refused: a pipe would wait for a writer. */
    public FileChannel read() throws IOException {
        if (!status.isRegularFile()) {
            throw new FileSystemException(label, null, "is " + status.type().words() + ", not a regular file");
        }
        try {
            return FileChannel.open(descriptor.path(), StandardOpenOption.READ);
        } catch (FileSystemException e) {
            throw renamed(e);
        }
    }

    /** The data ranges of this regular file. */
    public DataRanges dataRanges() throws IOException {
        if (!status.isRegularFile()) {
            throw new FileSystemException(label, null, "is " + status.type().words() + ", not a regular file");
        }
        byte[] path = FileName.terminated(descriptor.path().toString().getBytes(Directory.pathEncoding()));
        return new DataRanges(Descriptor.open(Descriptor.AT_FDCWD, path, Descriptor.O_RDONLY, 0, label), label);
    }

    private FileSystemException renamed(FileSystemException e) {
        var named = new FileSystemException(label, null, e.getReason() == null ? "permission denied" : e.getReason());
        named.initCause(e);
        return named;
    }

    /** The target of this link, one character per byte. */
    public String linkTarget() throws IOException {
        byte[] buffer = new byte[MAX_PATH];
        long length = SystemCall.check(
                label, () -> Libc.INSTANCE.readlinkat(descriptor.number(), ITSELF, buffer, buffer.length));
        return new String(Arrays.copyOf(buffer, (int) length), StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
