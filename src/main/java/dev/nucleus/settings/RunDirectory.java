package dev.nucleus.settings;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The directory of the manager's sockets, accessible to the manager alone (mode 0700). */
final class RunDirectory {

    /** Entries that a manager creates in it. */
    private static final Set<String> OWN =
            Set.of("manager.lock", "spawner.sock", "nucleus.sock", "http.sock", "c", "root");

    /** {@code sun_path} has 108 bytes, the last of them a NUL; unix(7). */
    private static final int MAX_SOCKET = 107;
    /** {@code /c/} and a container's ID: the longest name of a socket in it. */
    private static final int MAX_NAME = 3 + 32;

    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private RunDirectory() {}

    /**
     * Creates the directory if it is missing, and closes it to other users if it contains only what a manager creates.
     *
     * @throws IOException when the paths of its sockets would be too long, when another user owns it, or when it is
     *     open to others and contains something else, as {@code /run} would: then it is left unchanged
     */
    static Path prepare(Path directory) throws IOException {
        checkLength(directory, MAX_SOCKET - MAX_NAME, "so that the sockets in it can be bound");
        if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            PrivateDirectories.refuseOtherOwner(directory);
            close(directory);
        }
        return PrivateDirectories.create(directory);
    }

    /** @throws IOException when the path is too long for a socket */
    static void checkSocket(Path socket) throws IOException {
        checkLength(socket, MAX_SOCKET, "the limit for every socket");
    }

    private static void checkLength(Path path, int most, String purpose) throws IOException {
        int length = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > most) {
            throw new IOException(path + " is too long: its path has " + length + " bytes and may have " + most + ", "
                    + purpose + " (unix(7)); name a shorter one");
        }
    }

    /**
     * Restricts the permissions through one descriptor, so that the directory checked is the one changed, even if the
     * path leads elsewhere by then.
     */
    private static void close(Path directory) throws IOException {
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            if (!(stream instanceof SecureDirectoryStream<Path> opened)) {
                throw new IOException(directory + " can't be accessed through a descriptor");
            }
            PosixFileAttributeView view = opened.getFileAttributeView(PosixFileAttributeView.class);
            Set<PosixFilePermission> permissions = view.readAttributes().permissions();
            if (OWNER_ONLY.containsAll(permissions)) {
                return;
            }
            var names = new ArrayList<Path>();
            opened.forEach(entry -> names.add(entry.getFileName()));
            refuseForeignContent(directory, opened, names, permissions);
            view.setPermissions(OWNER_ONLY);
        }
        // Checked again: until now others may have been able to add entries.
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            for (Path entry : stream) {
                refuseForeign(directory, entry.getFileName(), OWNER_ONLY);
                PrivateDirectories.refuseOtherOwner(entry);
            }
        }
    }

    private static void refuseForeignContent(
            Path directory, SecureDirectoryStream<Path> opened, List<Path> names, Set<PosixFilePermission> permissions)
            throws IOException {
        String owner = opened.getFileAttributeView(PosixFileAttributeView.class)
                .readAttributes()
                .owner()
                .getName();
        for (Path name : names) {
            refuseForeign(directory, name, permissions);
            String other = opened.getFileAttributeView(name, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                    .readAttributes()
                    .owner()
                    .getName();
            if (!other.equals(owner)) {
                throw new IOException(directory.resolve(name) + " belongs to " + other + ", not to " + owner);
            }
        }
    }

    private static void refuseForeign(Path directory, Path name, Set<PosixFilePermission> permissions)
            throws IOException {
        if (!OWN.contains(name.toString())) {
            throw new IOException(directory + " is open to others (" + PosixFilePermissions.toString(permissions)
                    + ") and holds '" + name + "', which is not the manager's; name a separate "
                    + "directory with --nucleus.run-dir, or, if this is one, chmod 700 " + directory);
        }
    }
}
