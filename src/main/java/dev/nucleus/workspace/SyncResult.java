package dev.nucleus.workspace;

import java.util.ArrayList;

/**
 * What came of bringing the changes of a container back.
 *
 * @param changed files and directories that were written or made
 * @param removed those that were deleted
 * @param conflicts those that both sides changed: the host's is as it was, the container's beside it
 * @param unplaced files of the container that could not be placed on the host, and are in the copy only
 * @param leftOut what of the copy was no file or directory, or had a name that is left out
 * @param separated how many names of files with several (link(2)) became files of their own
 */
public record SyncResult(
        Tally<String> changed,
        Tally<String> removed,
        Tally<String> conflicts,
        Tally<String> unplaced,
        Tally<SkippedFile> leftOut,
        long separated) {

    /** For whoever waits for it. */
    public String summary() {
        var parts = new ArrayList<String>();
        parts.add(changed.count() + " changed");
        parts.add(removed.count() + " removed");
        if (!conflicts.isEmpty()) {
            parts.add(conflicts.count() + " changed on both sides, the container's beside the host's: "
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
            parts.add(separated + " hard links became files of their own");
        }
        return String.join("; ", parts);
    }
}
