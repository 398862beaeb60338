package dev.nucleus.workspace;

import java.util.ArrayList;

/**
 * The result of copying a container's changes back to the host.
 *
 * @param changed files and directories that were written or created
 * @param removed files and directories that were deleted
 * @param conflicts those that changed on both sides: the host's version is kept, the container's is written next to it
 * @param unplaced files of the container that could not be written to the host, and exist only in the copy
 * @param leftOut entries of the copy that are neither files nor directories, or have an excluded name
 * @param separated number of hard links (link(2)) that became separate files
 */
public record SyncResult(
        Tally<String> changed,
        Tally<String> removed,
        Tally<String> conflicts,
        Tally<String> unplaced,
        Tally<SkippedFile> leftOut,
        long separated) {

    /** A one-line summary for the user. */
    public String summary() {
        var parts = new ArrayList<String>();
        parts.add(changed.count() + " changed");
        parts.add(removed.count() + " removed");
        if (!conflicts.isEmpty()) {
            parts.add(conflicts.count() + " changed on both sides, the container's version is next to the host's: "
                    + conflicts.words(Tally.NAMED, path -> path));
        }
        if (!unplaced.isEmpty()) {
            parts.add(unplaced.count() + " could not be placed on the host: "
                    + unplaced.words(SkippedFile.SHOWN, path -> path));
        }
        if (!leftOut.isEmpty()) {
            parts.add(leftOut.count() + " left out: " + leftOut.words(SkippedFile.SHOWN, SkippedFile::words));
        }
        if (separated > 0) {
            parts.add(separated + " hard links became separate files");
        }
        return String.join("; ", parts);
    }
}
