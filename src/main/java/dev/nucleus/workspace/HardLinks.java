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
 * Files of one tree that have several names, and where on the other side the same files are. In a bounded amount of memory:
 * names of files that don't fit any more become files of their own. For one walk.
 */
final class HardLinks {

    /** Of all places together, in bytes. */
    private static final long HELD = 4L << 20;

    /** What a name costs besides its bytes: the object, and its place in a list. */
    private static final int NAME_COST = 64;

    /** What a file costs: its content's digest, and its entry in the map. */
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

        /** Opens the directory that it is in, one from another: none may be a link. */
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

    /** A file, by one of its names. */
    static final class Linked {

        private final Content content;
        private final List<Place> places = new ArrayList<>();
        /** Whether the places were written by this walk, and not found as they are. */
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

        /** The places before are the same file as this one now: one of them is enough. */
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

    /** What is known of a file of which one more name was met; null: nothing. To be asked once for each name. */
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
     * Takes down where the file is.
     *
     * @param known what {@link #next} said: further places are added to one that is known
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

    /** Its places are the same file as this one now, and need not be looked at again for each further name. */
    void settle(Linked known, TreePath path, FileName name) {
        if (known.namesLeft <= 0) {
            // The last name: it is not remembered any more, and its places cost nothing.
            return;
        }
        var place = new Place(path.names(), name);
        known.places.forEach(before -> held -= before.cost());
        known.replacePlaces(place);
        held += place.cost();
    }

    /** A name of a file became a file of its own, since it could not be linked. */
    void separate() {
        separated++;
    }

    /** How many names were not linked, or may not have been. */
    long separated() {
        return separated;
    }
}
