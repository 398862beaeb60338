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
 * A file of any type, held by a descriptor that reads nothing (O_PATH of open(2)): neither a device nor a pipe notices,
 * a link is not followed. What it is was asked of the descriptor, so it can't become something else before it is read.
 */
public final class Node implements AutoCloseable {

    private static final int LONGEST_PATH = 4096;
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

    /** @param path ends with a zero byte; its last name is not followed */
    static Node open(int directory, byte[] path, String label) throws IOException {
        Descriptor descriptor = Descriptor.open(directory, path, Descriptor.O_PATH | Descriptor.O_NOFOLLOW, 0, label);
        try {
            return new Node(descriptor, label);
        } catch (IOException | RuntimeException e) {
            descriptor.close();
            throw e;
        }
    }

    /** @param path ends with a zero byte; links are followed below that directory */
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

    /** As it was when it was opened. */
    public FileStat status() {
        return status;
    }

    /** As it is now. */
    public FileStat currentStatus() throws IOException {
        return FileStat.of(descriptor.number(), label);
    }

    /** Its number in this process, for as long as this is open. */
    public int descriptor() {
        return descriptor.number();
    }

    /** A path of this process that opens this very file, whatever lies now where it was found. */
    public Path path() {
        return descriptor.path();
    }

    /** Opens the directory that it is; this may be closed then. */
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

    /** Opens the regular file that it is, for reading. Nothing else is opened: a pipe would wait for a writer. */
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

    /** Where the regular file that it is has data. */
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

    /** What the link that it is says, one character for each byte. */
    public String linkTarget() throws IOException {
        byte[] buffer = new byte[LONGEST_PATH];
        long length = SystemCall.check(
                label, () -> Libc.INSTANCE.readlinkat(descriptor.number(), ITSELF, buffer, buffer.length));
        return new String(Arrays.copyOf(buffer, (int) length), StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
