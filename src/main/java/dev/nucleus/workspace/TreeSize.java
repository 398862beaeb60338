package dev.nucleus.workspace;

import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;

/** Counts the content of a tree against its limits. Confined to one walk. */
final class TreeSize {

    private final String tree;
    private final TreeLimits limits;
    private long entries;
    private long nameBytes;
    private long bytes;

    /** @param tree names the tree in errors */
    TreeSize(String tree, TreeLimits limits) {
        this.tree = tree;
        this.limits = limits;
    }

    /** @throws WorkspaceException if there are too many names, or they are too long in total */
    void count(FileName name) {
        entries++;
        nameBytes += name.bytes().length();
        if (entries > limits.entries()) {
            throw new WorkspaceException(
                    tree + " contains more than " + limits.entries() + " files and directories, the limit of a copy");
        }
        if (nameBytes > limits.nameBytes()) {
            throw new WorkspaceException(tree + " contains names of more than " + limits.nameBytes()
                    + " bytes in total, the limit of a copy");
        }
    }

    /** @throws WorkspaceException if this file takes the total length beyond the limit */
    void count(FileStat file) {
        bytes += Math.min(file.size(), limits.bytes() + 1 - bytes);
        if (bytes > limits.bytes()) {
            throw new WorkspaceException(
                    tree + " contains more than " + (limits.bytes() >> 20) + " MiB of files, the limit of a copy");
        }
    }

    /** Counts the file, unless it would take the total length beyond the limit. */
    boolean takes(FileStat file) {
        if (file.size() > limits.bytes() - bytes) {
            return false;
        }
        bytes += file.size();
        return true;
    }

    /** @throws WorkspaceException if a directory at this path would be too deep */
    void enter(TreePath path) {
        if (path.depth() + 1 > limits.depth()) {
            throw new WorkspaceException(tree + " is more than " + limits.depth() + " directories deep at " + path);
        }
    }
}
