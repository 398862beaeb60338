package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * Deletes directories with what is in them, however deep and however many. Nothing is followed, and no path gets longer
 * than a name: a tree that was made by walking down may be deeper than any path can say.
 */
public final class TreeRemoval {

    /** As many directories are open at once; what is deeper is moved up first. */
    private static final int DEPTH = 32;

    private static final String MOVED = ".nucleus-removed-";

    private final Directory top;
    private final FileName name;
    private long moved;

    private TreeRemoval(Directory top, FileName name) {
        this.top = top;
        this.name = name;
    }

    /**
     * Deletes what has that name; nothing when it is gone already.
     *
     * @throws IOException naming what could not be deleted; some of it is gone then
     */
    public static void delete(Directory parent, FileName name) throws IOException {
        try {
            Optional<FileStat> found = parent.status(name);
            if (found.isEmpty()) {
                return;
            }
            if (!found.get().isDirectory()) {
                parent.deleteFile(name);
                return;
            }
            try (Directory top = open(parent, name)) {
                new TreeRemoval(top, name).empty(top, 1);
            }
            parent.deleteDirectory(name);
        } catch (NoSuchFileException e) {
            // Somebody else deletes it as well.
            if (parent.status(name).isPresent()) {
                throw e;
            }
        }
    }

    /** Until nothing is left: what is moved up meanwhile may come before or after what has been listed. */
    private void empty(Directory directory, int depth) throws IOException {
        boolean found = true;
        while (found) {
            found = false;
            try (Directory.Listing listing = directory.list()) {
                for (FileName entry = listing.next(); entry != null; entry = listing.next()) {
                    found = true;
                    delete(directory, entry, depth);
                }
            }
        }
    }

    private void delete(Directory directory, FileName entry, int depth) throws IOException {
        FileStat status = directory.status(entry).orElse(null);
        if (status == null) {
            return;
        }
        if (!status.isDirectory()) {
            directory.deleteFile(entry);
            return;
        }
        if (isDeletedEmpty(directory, entry)) {
            return;
        }
        if (depth >= DEPTH) {
            allow(directory, entry);
            moveUp(directory, entry);
            return;
        }
        try (Directory inner = open(directory, entry)) {
            empty(inner, depth + 1);
        }
        directory.deleteDirectory(entry);
    }

    private static boolean isDeletedEmpty(Directory directory, FileName entry) throws IOException {
        try {
            directory.deleteDirectory(entry);
            return true;
        } catch (DirectoryNotEmptyException e) {
            return false;
        }
    }

    private void moveUp(Directory directory, FileName entry) throws IOException {
        while (true) {
            try {
                directory.renameToNew(entry, top, FileName.of(MOVED + moved++));
                return;
            } catch (FileAlreadyExistsException e) {
                // What is deleted may contain such a name.
            }
        }
    }

    private static Directory open(Directory parent, FileName name) throws IOException {
        allow(parent, name);
        return parent.openDirectory(name);
    }

    /** A directory whose owner shut itself out can be opened by nobody but root. */
    private static void allow(Directory parent, FileName name) throws IOException {
        try (Node node = parent.node(name)) {
            if (node.status().isDirectory() && (node.status().mode() & 0700) != 0700) {
                Files.setPosixFilePermissions(node.path(), PosixFilePermissions.fromString("rwx------"));
            }
        }
    }

    @Override
    public String toString() {
        return top + "/" + name;
    }
}
