package dev.nucleus.workspace;

/**
 * Limits on a tree that is copied in or back. The tree is untrusted: without limits, an endless one would keep the
 * manager busy and fill its disk.
 *
 * @param entries files, directories, links and special files together
 * @param nameBytes total length of their names, in bytes
 * @param bytes total length of all files, including holes; a file with several names counts once for each
 * @param depth levels of directories below the top
 */
public record TreeLimits(long entries, long nameBytes, long bytes, int depth) {

    public static final TreeLimits DEFAULT = new TreeLimits(1_000_000, 64L << 20, 32L << 30, 128);

    /** For a tree that is only inspected. */
    static final TreeLimits DEPTH_ONLY =
            new TreeLimits(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, DEFAULT.depth());
}
