package dev.nucleus.workspace;

/**
 * A file that was not copied.
 *
 * @param path below the tree's top
 * @param why in a word or two
 */
public record SkippedFile(String path, String why) {

    /** As many are named in a sentence. */
    static final int SHOWN = 5;

    String words() {
        return path + " (" + why + ")";
    }
}
