package dev.nucleus.workspace;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.workspace.TreeManifest.Content;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files of one tree that have several names, and where the same files are on the other side. Memory is bounded:
 * names of files that no longer fit become separate files. Confined to one walk.
 */
final class HardLinks {

    /** Memory limit of all places together, in bytes. */
    private static final long HELD = 4L << 20;

    /** Memory cost of a name beyond its bytes: the object and its slot in a list. */
    private static final int NAME_COST = 64;

    /** Memory cost of a file: the digest of its content and its entry in the map. */
    private static final long FILE_COST = 400;

    private record Id(long device, long inode) {}

    /** A file below the top of the other side. */
    record Place(List<FileName> directories, FileName name) {

        private long cost() {
            return directories.stream()
                            .mapToLong(directory -> directory.bytes().length() + NAME_COST)
                            .sum()
                    + name.bytes().length()
                    + NAME_COST;
        }

        /** Opens the directory that contains the file, component by component; none may be a link. */
        Directory open(Directory top) throws IOException {
            Directory at = top.duplicate();
            for (FileName directory : directories) {
                try (Directory outer = at) {
                    at = outer.openDirectory(directory);
                }
            }
            return at;
        }
    }

    /** A file with several names. */
    static final class Linked {

        private final Content content;
        private final List<Place> places = new ArrayList<>();
        /** Whether this walk wrote the places, instead of finding them unchanged. */
        private boolean written;

        private int namesLeft;

        private Linked(Content content, boolean written, int namesLeft) {
            this.content = content;
            this.written = written;
            this.namesLeft = namesLeft;
        }

        Content content() {
            return content;
        }

        Place place() {
            return places.getFirst();
        }

        List<Place> places() {
            return List.copyOf(places);
        }

        /** The earlier places are the same file as this one now, so that one of them is enough. */
        private void replacePlaces(Place by) {
            places.clear();
            places.add(by);
            written = false;
        }

        boolean isWritten() {
            return written;
        }
    }

    private final Map<Id, Linked> files = new HashMap<>();
    private long held;
    private long separated;

    /** Returns what is known about a file when another of its names is met; null if nothing. Call once per name. */
    @Nullable
    Linked next(FileStat file) {
        if (file.links() < 2) {
            return null;
        }
        var id = new Id(file.device(), file.inode());
        Linked known = files.get(id);
        if (known != null) {
            known.namesLeft--;
            if (known.namesLeft <= 0) {
                files.remove(id);
                held -= FILE_COST;
                known.places.forEach(place -> held -= place.cost());
            }
        }
        return known;
    }

    /**
     * Records the place of a file.
     *
     * @param known the result of {@link #next}: further places are added to a known file
     * @param written see {@link Linked#isWritten}
     */
    void add(FileStat file, @Nullable Linked known, Content content, boolean written, TreePath path, FileName name) {
        if (file.links() < 2) {
            return;
        }
        var place = new Place(path.names(), name);
        if (held + place.cost() + (known == null ? FILE_COST : 0) > HELD) {
            separated += written ? 1 : 0;
            return;
        }
        var id = new Id(file.device(), file.inode());
        if (known == null) {
            var first = new Linked(content, written, file.links() - 1);
            first.places.add(place);
            files.put(id, first);
            held += place.cost() + FILE_COST;
        } else if (files.get(id) == known) {
            known.places.add(place);
            held += place.cost();
        }
    }

    /**
     * Replaces the places of a file, which are all the same file now, so that later names need not check them again.
     */
    void settle(Linked known, TreePath path, FileName name) {
        if (known.namesLeft <= 0) {
            // The last name: the file is no longer remembered, and its places cost nothing.
            return;
        }
        var place = new Place(path.names(), name);
        known.places.forEach(before -> held -= before.cost());
        known.replacePlaces(place);
        held += place.cost();
    }

    /** Counts a name that became a separate file because it could not be linked. */
    void separate() {
        separated++;
    }

    /** The number of names that were not linked, or may not have been. */
    long separated() {
        return separated;
    }
}
