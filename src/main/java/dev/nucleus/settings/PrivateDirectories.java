package dev.nucleus.settings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Creates and checks directories that only the manager may use. */
public final class PrivateDirectories {

    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private PrivateDirectories() {}

    /**
     * Creates the directory, and those above it, if missing.
     *
     * @return the directory
     * @throws IOException when a link or a file is in its place, or when others own it or may write to it: an attacker
     *     who can put files there could control the manager
     */
    public static Path create(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            Path parent = directory.getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        }
        refuseForeign(directory);
        return directory;
    }

    /** @throws IOException when another user owns the file */
    static void refuseOtherOwner(Path file) throws IOException {
        String owner = Files.getOwner(file, LinkOption.NOFOLLOW_LINKS).getName();
        if (!owner.equals(System.getProperty("user.name"))) {
            throw new IOException(file + " belongs to " + owner + ", so it can't be used by "
                    + System.getProperty("user.name") + "; remove it, or name another with --nucleus.state-dir and "
                    + "--nucleus.run-dir");
        }
    }

    private static void refuseForeign(Path directory) throws IOException {
        refuseOtherOwner(directory);
        var attributes = Files.readAttributes(directory, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
                || attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IOException(directory + " may be written to by others ("
                    + PosixFilePermissions.toString(attributes.permissions()) + "); chmod go-w " + directory);
        }
    }
}
