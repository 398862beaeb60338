package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * Deletes directory trees of any depth and size. Links are not followed, and no path is longer than a single name: a
 * tree that was created by descending into it may be deeper than PATH_MAX allows.
 */
public final class TreeRemoval {

    /** Limit of directories that are open at once; deeper ones are moved up first. */
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
     * Deletes the entry of that name, if it exists.
     *
     * @throws IOException naming the entry that could not be deleted; some of the tree may be gone then
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
            // Another process deletes it as well.
            if (parent.status(name).isPresent()) {
                throw e;
            }
        }
    }

    /**
     * Repeats until nothing is left: entries that are moved up meanwhile may or may not appear in the current listing.
     */
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
                // The tree may contain such a name.
            }
        }
    }

    private static Directory open(Directory parent, FileName name) throws IOException {
        allow(parent, name);
        return parent.openDirectory(name);
    }

    /** Grants the owner access: a directory that its owner may not access can be opened only by root. */
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
