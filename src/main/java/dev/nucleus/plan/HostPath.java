package dev.nucleus.plan;

/**
 * Something of the host that a container's root is filled with.
 *
 * @param path absolute
 * @param named whether a user named it: then links on the way count only where root or the manager's user alone could
 *     have made them, and it may not overlap the manager's own directories (native/src/host_path.h)
 * @param device what it was when it was looked at, with the inode (stat(2)): the spawner binds nothing else
 * @param inode 0: it was not looked at
 */
public record HostPath(String path, boolean named, long device, long inode) {

    /** The manager's own, or the host's programs. */
    public static HostPath own(String path) {
        return new HostPath(path, false, 0, 0);
    }

    /** From a fleet file or a command line. */
    public static HostPath named(String path) {
        return new HostPath(path, true, 0, 0);
    }

    /** The same, which must be this file. */
    public HostPath verified(long whichDevice, long whichInode) {
        return new HostPath(path, named, whichDevice, whichInode);
    }

    @Override
    public String toString() {
        return path;
    }
}
