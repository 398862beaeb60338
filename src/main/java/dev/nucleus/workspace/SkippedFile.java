package dev.nucleus.workspace;

/**
 * A file that was not copied.
 *
 * @param path relative to the top of the tree
 * @param why in a word or two
 */
public record SkippedFile(String path, String why) {

    /** The number of files named in a summary. */
    static final int SHOWN = 5;

    String words() {
        return path + " (" + why + ")";
    }
}
