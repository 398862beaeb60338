package dev.nucleus.rootfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;

/**
 * What stat(2) says of a file itself, never of what a link points to.
 *
 * @param mode type and permissions (inode(7))
 * @param device the file system it is on
 * @param inode its number there; with the device and the time of the last change it names a content
 * @param changed the time of the last change of content, mode, owner or name: nobody can set it back
 */
record FileStatus(int mode, int uid, int gid, long device, long inode, FileTime changed) {

    private static final int TYPE = 0170000;
    private static final int DIRECTORY = 0040000;
    private static final int REGULAR = 0100000;
    private static final int LINK = 0120000;
    private static final int WRITABLE_BY_OTHERS = 0022;
    private static final int STICKY = 01000;

    static FileStatus of(Path file) throws IOException {
        Map<String, Object> attributes =
                Files.readAttributes(file, "unix:mode,uid,gid,dev,ino,ctime", LinkOption.NOFOLLOW_LINKS);
        return new FileStatus(
                number(attributes, "mode").intValue(),
                number(attributes, "uid").intValue(),
                number(attributes, "gid").intValue(),
                number(attributes, "dev").longValue(),
                number(attributes, "ino").longValue(),
                (FileTime) java.util.Objects.requireNonNull(attributes.get("ctime")));
    }

    private static Number number(Map<String, Object> attributes, String name) {
        return (Number) java.util.Objects.requireNonNull(attributes.get(name), name);
    }

    boolean directory() {
        return (mode & TYPE) == DIRECTORY;
    }

    boolean link() {
        return (mode & TYPE) == LINK;
    }

    /** Neither a device nor a pipe nor a socket. */
    boolean plain() {
        return directory() || link() || (mode & TYPE) == REGULAR;
    }

    /** Others than the owner may change it; a link's own mode means nothing. */
    boolean writableByOthers() {
        boolean sharedDirectory = directory() && (mode & STICKY) != 0;
        return !link() && !sharedDirectory && (mode & WRITABLE_BY_OTHERS) != 0;
    }
}
