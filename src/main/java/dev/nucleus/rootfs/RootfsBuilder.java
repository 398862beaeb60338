package dev.nucleus.rootfs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Makes a root filesystem of some of this host's programs: each with the libraries that it is linked with, links as they
 * lie on the host, named files and directories, and a small {@code /etc} of its own. Nothing set-user-ID, nothing that
 * others may write to. One use each.
 */
public final class RootfsBuilder {

    private static final Path ROOT = Path.of("/");
    private static final Set<PosixFilePermission> DIRECTORY = PosixFilePermissions.fromString("rwxr-xr-x");
    private static final Set<PosixFilePermission> FOR_OTHERS =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private final Path top;
    private final SharedLibraries libraries = new SharedLibraries();
    private final Set<String> missing = new TreeSet<>();
    private final Set<Path> done = new TreeSet<>();
    private long bytes;

    private RootfsBuilder(Path top) {
        this.top = top;
    }

    /**
     * What was built.
     *
     * @param missing libraries that something copied wants and this host does not have
     * @param bytes of all files together
     */
    public record Result(RootfsAttestation.Result attestation, List<String> missing, long bytes) {}

    /** A user of the container's own. */
    public record User(String name, int uid, int gid) {

        /** @throws RootfsException when it is not {@code NAME:UID:GID} */
        public static User parse(String text) {
            String[] parts = text.split(":", -1);
            if (parts.length == 3 && parts[0].matches("[a-z_][a-z0-9_-]{0,31}")) {
                try {
                    return new User(parts[0], Integer.parseUnsignedInt(parts[1]), Integer.parseUnsignedInt(parts[2]));
                } catch (NumberFormatException _) {
                    // Said below.
                }
            }
            throw new RootfsException("user '" + text + "': NAME:UID:GID is wanted, such as web:4711:4711");
        }
    }

    /**
     * Builds and attests it.
     *
     * @param top made by this
     * @param programs executables, by path
     * @param copies files and directories
     * @throws RootfsException when something is in its place, or a program or one of its libraries is not there
     */
    public static Result build(Path top, List<Path> programs, List<Path> copies, List<User> users) {
        if (Files.exists(top, LinkOption.NOFOLLOW_LINKS)) {
            throw new RootfsException(top + " is there already; build into a new directory, then change the name");
        }
        var builder = new RootfsBuilder(top);
        boolean built = false;
        try {
            Files.createDirectories(top);
            Files.setPosixFilePermissions(top, DIRECTORY);
            builder.linkTops();
            builder.addEtc(users);
            for (Path program : programs) {
                builder.addProgram(program);
            }
            for (Path copy : copies) {
                builder.addTree(copy);
            }
            var result = new Result(RootfsAttestation.attest(top), List.copyOf(builder.missing), builder.bytes);
            built = true;
            return result;
        } catch (IOException e) {
            throw new RootfsException("can't build the rootfs " + top + ": " + e, e);
        } finally {
            if (!built) {
                remove(top);
            }
        }
    }

    /** {@code /bin → usr/bin} and its like, where the host has it so. */
    private void linkTops() throws IOException {
        for (String name : List.of("bin", "sbin", "lib", "lib32", "lib64", "libx32")) {
            Path host = ROOT.resolve(name);
            if (Files.isSymbolicLink(host)) {
                Path target = Files.readSymbolicLink(host);
                Files.createSymbolicLink(top.resolve(name), target);
                makeDirectory(ROOT.resolve(target).normalize());
            }
        }
    }

    private void addEtc(List<User> users) throws IOException {
        var passwd = new StringBuilder("root:x:0:0:root:/:/usr/sbin/nologin\n");
        var group = new StringBuilder("root:x:0:\n");
        for (User user : users) {
            passwd.append("%s:x:%d:%d::/:/usr/sbin/nologin\n".formatted(user.name(), user.uid(), user.gid()));
            group.append("%s:x:%d:\n".formatted(user.name(), user.gid()));
        }
        makeDirectory(Path.of("/etc"));
        writeEtc("passwd", passwd.toString());
        writeEtc("group", group.toString());
        writeEtc("hosts", "127.0.0.1 localhost\n::1 localhost\n");
        writeEtc("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
    }

    private void writeEtc(String name, String text) throws IOException {
        Path file = top.resolve("etc").resolve(name);
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        bytes += text.getBytes(StandardCharsets.UTF_8).length;
    }

    private void addProgram(Path program) throws IOException {
        if (!Files.isExecutable(program) || Files.isDirectory(program)) {
            throw new RootfsException(program + " is no program of this host");
        }
        Set<String> before = Set.copyOf(missing);
        add(program);
        var lacking = new TreeSet<>(missing);
        lacking.removeAll(before);
        if (!lacking.isEmpty()) {
            throw new RootfsException(program + " can't run on this host either: " + String.join(", ", lacking));
        }
    }

    private void addTree(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            throw new RootfsException(tree + " is not on this host");
        }
        if (!Files.isDirectory(tree)) {
            add(tree);
            return;
        }
        makeDirectory(tree.toRealPath());
        try (Stream<Path> files = Files.walk(tree.toRealPath())) {
            for (Path file : files.toList()) {
                if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                    makeDirectory(file);
                } else if (Files.isRegularFile(file) || Files.isSymbolicLink(file)) {
                    add(file);
                }
            }
        }
    }

    /** A file or link where it really lies; what a link leads to as well, as far as it is there. */
    private void add(Path path) throws IOException {
        Path parent = java.util.Objects.requireNonNull(path.getParent(), "a path below /")
                .toRealPath();
        Path file = parent.resolve(path.getFileName());
        if (!done.add(file)) {
            return;
        }
        makeDirectory(parent);
        if (Files.isSymbolicLink(file)) {
            Path target = Files.readSymbolicLink(file);
            Files.createSymbolicLink(inside(file), target);
            Path next = parent.resolve(target).normalize();
            if (Files.isDirectory(next)) {
                makeDirectory(next.toRealPath());
            } else if (Files.exists(next)) {
                add(next);
            }
        } else if (Files.isRegularFile(file)) {
            copy(file);
        }
    }

    private void copy(Path file) throws IOException {
        Path target = inside(file);
        Files.copy(file, target);
        // Files.getPosixFilePermissions knows no set-user-ID bit, so none is carried over.
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        permissions.removeAll(FOR_OTHERS);
        permissions.add(PosixFilePermission.OWNER_READ);
        Files.setPosixFilePermissions(target, permissions);
        bytes += Files.size(target);
        SharedLibraries.Needed needed = libraries.of(file);
        missing.addAll(needed.missing());
        for (Path library : needed.found()) {
            add(library);
        }
    }

    private void makeDirectory(Path host) throws IOException {
        Path made = top;
        for (Path name : ROOT.relativize(host)) {
            made = made.resolve(name);
            if (!Files.exists(made, LinkOption.NOFOLLOW_LINKS)) {
                Files.createDirectory(made);
                Files.setPosixFilePermissions(made, DIRECTORY);
            }
        }
    }

    /** What was begun and can't be finished. */
    private static void remove(Path top) {
        try (Stream<Path> files = Files.walk(top)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new RootfsException("can't remove what was begun of " + top + ": " + e, e);
        }
    }

    private Path inside(Path host) {
        return top.resolve(ROOT.relativize(host));
    }
}
