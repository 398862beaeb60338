package dev.nucleus.workspace;

import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;

/** Counts the content of a tree against its limits. For one walk. */
final class TreeSize {

    private final String tree;
    private final TreeLimits limits;
    private long entries;
    private long nameBytes;
    private long bytes;

    /** @param tree names it in errors */
    TreeSize(String tree, TreeLimits limits) {
        this.tree = tree;
        this.limits = limits;
    }

    /** @throws WorkspaceException when there is one too many */
    void count(FileName name) {
        entries++;
        nameBytes += name.bytes().length();
        if (entries > limits.entries()) {
            throw new WorkspaceException(tree + " holds more than " + limits.entries()
                    + " files and directories, which is the limit of a copy");
        }
        if (nameBytes > limits.nameBytes()) {
            throw new WorkspaceException(tree + " holds names of more than " + limits.nameBytes()
                    + " bytes together, which is the limit of a copy");
        }
    }

    /** @throws WorkspaceException when the file is too long, together with those before */
    void count(FileStat file) {
        bytes += Math.min(file.size(), limits.bytes() + 1 - bytes);
        if (bytes > limits.bytes()) {
            throw new WorkspaceException(tree + " holds more than " + (limits.bytes() >> 20)
                    + " MiB of files, which is the limit of a copy");
        }
    }

    /** Counts the file, unless it is too long, together with those before. */
    boolean takes(FileStat file) {
        if (file.size() > limits.bytes() - bytes) {
            return false;
        }
        bytes += file.size();
        return true;
    }

    /** @throws WorkspaceException when a directory there would be too deep */
    void enter(TreePath path) {
        if (path.depth() + 1 > limits.depth()) {
            throw new WorkspaceException(tree + " is more than " + limits.depth() + " directories deep at " + path);
        }
    }
}
