package dev.nucleus.workspace;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.HostDirectory;
import dev.nucleus.kernel.TrustedPath;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * A directory on the host that a user named, opened once through {@link TrustedPath}: everything is copied from it and
 * back to it through its descriptor, wherever its path leads by then.
 */
public final class SourceDirectory implements AutoCloseable {

    private final Path named;
    private final HostDirectory identity;
    private final Directory directory;

    private SourceDirectory(Path named, HostDirectory identity, Directory directory) {
        this.named = named;
        this.identity = identity;
        this.directory = directory;
    }

    /**
     * Opens a directory that neither contains nor lies within a reserved one.
     *
     * @param reserved the manager's own directories, as absolute paths
     * @throws WorkspaceException as for {@link #open(Path)}, and naming both directories if they overlap
     */
    public static SourceDirectory open(Path path, List<Path> reserved) {
        SourceDirectory source = open(path);
        try {
            for (Path own : reserved) {
                source.refuseOverlap(own);
            }
            return source;
        } catch (IOException e) {
            source.close();
            throw new WorkspaceException("can't open " + path + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    private void refuseOverlap(Path own) throws IOException {
        try (Directory reserved = Directory.open(own)) {
            if (directory.overlaps(reserved)) {
                throw new WorkspaceException(named + " overlaps the manager's own directory " + own
                        + ": a container with access to it could control the manager; use a directory outside it");
            }
        }
    }

    /** @throws WorkspaceException if it is not a directory, can't be read, or is reached through another user's link */
    public static SourceDirectory open(Path path) {
        try (TrustedPath opened = TrustedPath.openSource(path)) {
            if (!opened.status().isDirectory()) {
                throw new WorkspaceException(
                        path + " is " + opened.status().type().words() + ", not a directory");
            }
            return new SourceDirectory(path, HostDirectory.of(opened), opened.openDirectory());
        } catch (NoSuchFileException e) {
            throw new WorkspaceException(path + " is not a directory: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new WorkspaceException("can't open " + path + ": " + e.getMessage(), e);
        }
    }

    /** The device and inode of the directory. */
    public HostDirectory identity() {
        return identity;
    }

    Directory directory() {
        return directory;
    }

    /** The path as the user gave it. */
    @Override
    public String toString() {
        return named.toString();
    }

    @Override
    public void close() {
        directory.close();
    }
}
