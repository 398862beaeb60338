package dev.nucleus.workspace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/** Copies a directory for a container, and makes sure that the copy is what was copied. */
public final class TreeCopy {

    private TreeCopy() {}

    /**
     * Copies what is a directory or a regular file, but for names that are left out.
     *
     * @param target must not be there
     * @return what both sides contain
     * @throws WorkspaceException when it can't be read, is too deep, or changed meanwhile
     */
    public static TreeManifest copy(Path source, Path target) {
        try {
            Files.createDirectory(target);
            TreeManifest copied = TreeManifest.walk(source, new Writer(target));
            allow(target, "rwxr-xr-x");
            if (!TreeManifest.of(target).entries().equals(copied.entries())
                    || !TreeManifest.of(source).entries().equals(copied.entries())) {
                throw new WorkspaceException(
                        source + " changed while it was copied; nothing was started, try again when it rests");
            }
            return copied;
        } catch (IOException e) {
            throw new WorkspaceException("can't copy " + source + ": " + e.getMessage(), e);
        }
    }

    /** @throws WorkspaceException naming a link or special file in it, which a bound context may not have */
    public static void refuseLinks(Path source) {
        TreeManifest.of(source).skipped().stream()
                .filter(skipped -> skipped.why().startsWith("a "))
                .findFirst()
                .ifPresent(skipped -> {
                    throw new WorkspaceException("context: " + source.resolve(skipped.path()) + " is " + skipped.why()
                            + ", which a directory that is bound may not have; copy it instead");
                });
    }

    private static void allow(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private record Writer(Path target) implements TreeManifest.Visitor {

        @Override
        public void directory(String path) throws IOException {
            Files.createDirectory(target.resolve(path));
            allow(target.resolve(path), "rwxr-xr-x");
        }

        @Override
        public void file(String path, SeekableByteChannel content, boolean executable) throws IOException {
            Path file = target.resolve(path);
            try (FileChannel channel =
                    FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
                while (content.read(buffer) >= 0) {
                    buffer.flip();
                    while (buffer.hasRemaining()) {
                        channel.write(buffer);
                    }
                    buffer.clear();
                }
            }
            allow(file, executable ? "rwxr-xr-x" : "rw-r--r--");
        }
    }
}
