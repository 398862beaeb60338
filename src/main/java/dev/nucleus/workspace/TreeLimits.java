package dev.nucleus.workspace;

/**
 * How large a tree may be that is copied, or brought back. It was made by somebody else, and what has no end would have
 * the manager work, and its disk fill, for ever.
 *
 * @param entries files, directories, links and special files together
 * @param nameBytes all their names together, in bytes
 * @param bytes all files' lengths together, holes included, and of a file with several names for each of them
 * @param depth directories in one another, the tree's own the first
 */
public record TreeLimits(long entries, long nameBytes, long bytes, int depth) {

    public static final TreeLimits DEFAULT = new TreeLimits(1_000_000, 64L << 20, 32L << 30, 128);

    /** For what is only looked at. */
    static final TreeLimits DEPTH_ONLY =
            new TreeLimits(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, DEFAULT.depth());
}
