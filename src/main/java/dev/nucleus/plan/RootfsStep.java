package dev.nucleus.plan;

import java.nio.charset.StandardCharsets;

/**
 * One step in filling the new root. Targets are absolute paths inside it; attributes are {@link MountAttributes}.
 */
public sealed interface RootfsStep {

    String target();

    /** Owner, in a bound tree, of a file that user N owns on disk (mount_setattr(2), "ID-mapped mounts"). */
    enum Owners {
        /** User N of the host, who may not exist inside. */
        HOST,
        /** User N of the container. */
        MAPPED,
        /** User N of the container if the file system supports it, else user N of the host. */
        MAPPED_WHERE_POSSIBLE
    }

    /** An empty directory. */
    record Directory(String target, int mode, int uid, int gid) implements RootfsStep {
        public Directory(String target) {
            this(target, 0755, 0, 0);
        }
    }

    /** A file with content generated for the container. */
    record File(String target, int mode, int uid, int gid, byte[] content) implements RootfsStep {
        public File(String target, String content) {
            this(target, 0644, 0, 0, content.getBytes(StandardCharsets.UTF_8));
        }
    }

    record Symlink(String target, String to) implements RootfsStep {}

    /** A tree of the host, with its submounts. */
    record Bind(String target, HostPath source, long attributes, boolean optional, Owners owners)
            implements RootfsStep {
        public Bind(String target, HostPath source, long attributes, boolean optional) {
            this(target, source, attributes, optional, Owners.HOST);
        }
    }

    /** A directory of the host that is created if missing, then bound. */
    record Volume(String target, HostPath source, long attributes, int mode, int uid, int gid, Owners owners)
            implements RootfsStep {}

    /** A tree of the host in which the given user's files on disk belong to the workload inside, and vice versa. */
    record Workspace(String target, HostPath source, long attributes, int uid, int gid) implements RootfsStep {}

    /** A tree of the host, with a writable layer on top. */
    record Overlay(String target, HostPath source, Owners owners) implements RootfsStep {}

    /** Unmounts a file system that other mounts still use, and removes its mount point. */
    record Detach(String target) implements RootfsStep {}

    /** A copy of a file of the host, which must not be a link; the launching process keeps nothing of it. */
    record Secret(String target, HostPath source, int mode, int uid, int gid) implements RootfsStep {}

    /** A copy of nucleus-spawner, which acts for the shim in the container. */
    record Self(String target) implements RootfsStep {}

    /** @param options of tmpfs(5), separated by commas */
    record Tmpfs(String target, String options, long attributes) implements RootfsStep {}

    /** @param options of proc(5) */
    record Proc(String target, String options, long attributes) implements RootfsStep {}

    /**
     * The container's own pseudo-terminals.
     *
     * @param options of devpts (Documentation/filesystems/devpts.rst)
     */
    record Devpts(String target, String options, long attributes) implements RootfsStep {}

    /** A character device. */
    record Device(String target, int mode, int major, int minor) implements RootfsStep {}

    /** Covers a file, if this kernel has it, with /dev/null. */
    record MaskFile(String target) implements RootfsStep {}

    /** Covers a directory, if this kernel has it, with an empty read-only tmpfs. */
    record MaskDirectory(String target) implements RootfsStep {}

    /** Sets attributes on the mount at the target, which had to be writable until now. */
    record Seal(String target, long attributes) implements RootfsStep {}
}
