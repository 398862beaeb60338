package dev.nucleus.plan;

/**
 * A path of the host that is a source for a container's root.
 *
 * @param path absolute
 * @param origin where the path comes from
 * @param device together with the inode, its identity when it was checked (stat(2)): the spawner binds nothing else
 * @param inode 0: it was not checked
 */
public record HostPath(String path, Origin origin, long device, long inode) {

    /**
     * In a path that a user named, a symbolic link is followed only where root alone could have created it, and never
     * in another source of the same container; the path must not overlap the manager's own directories
     * (native/src/launch/host_path.h).
     */
    public enum Origin {
        /** The manager's own, or the host's programs. */
        OWN,
        /** A part of the root filesystem that a user named; its links are followed inside the new root. */
        ROOTFS,
        /** A path that a user named; other users may rename or replace its components. */
        NAMED
    }

    /** The manager's own, or the host's programs. */
    public static HostPath own(String path) {
        return new HostPath(path, Origin.OWN, 0, 0);
    }

    /** A path from a fleet file or a command line. */
    public static HostPath named(String path) {
        return new HostPath(path, Origin.NAMED, 0, 0);
    }

    /** A path in a root filesystem. */
    public static HostPath ofRootfs(String path) {
        return new HostPath(path, Origin.ROOTFS, 0, 0);
    }

    /** The same path, which must lead to this file. */
    public HostPath verified(long whichDevice, long whichInode) {
        return new HostPath(path, origin, whichDevice, whichInode);
    }

    @Override
    public String toString() {
        return path;
    }
}
