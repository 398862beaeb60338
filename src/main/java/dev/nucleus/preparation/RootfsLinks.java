package dev.nucleus.preparation;

import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.VolumeMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Resolves paths inside a container through the links of its root filesystem, as openat2(2) does with RESOLVE_IN_ROOT:
 * {@code /var/run/x} is {@code /run/x} if {@code /var/run} is a link to {@code /run}.
 *
 * @param rootfs its path on the host; no link leads out of it
 * @param bound whether a top-level name is bound into the container
 */
public record RootfsLinks(Path rootfs, Predicate<String> bound) {

    /** The host's directories that a container without a root filesystem gets. */
    static final List<String> HOST_TREES = List.of("bin", "sbin", "usr", "lib", "lib64", "lib32", "libx32");

    /** Never taken from a root filesystem: the container gets its own. */
    public static final Set<String> OWN_TREES = Set.of(
            "proc",
            "sys",
            "dev",
            "tmp",
            "run",
            "home",
            "root",
            "boot",
            "mnt",
            "media",
            "lost+found",
            ".nucleus",
            ".layers");

    /** The kernel's limit of links in a path (path_resolution(7)). */
    private static final int MAX_LINKS = 40;

    static RootfsLinks of(Filesystem filesystem) {
        return filesystem
                .rootfs()
                .map(rootfs -> new RootfsLinks(rootfs, name -> !OWN_TREES.contains(name)))
                .orElseGet(() -> new RootfsLinks(Path.of("/"), HOST_TREES::contains));
    }

    /**
     * The same mounts, each at its resolved target.
     *
     * @throws InvalidSpecException when a mount isn't allowed there ({@link Filesystem})
     */
    Filesystem follow(Filesystem filesystem) {
        return move(filesystem, this::follow);
    }

    /**
     * The same mounts, each in the resolved directory of its target, where a mount may be forbidden or lie below
     * another one, which its name alone doesn't show. A link in the place of a mount point itself is kept, and refused
     * at launch.
     *
     * @throws InvalidSpecException when a mount isn't allowed there, with all links followed ({@link Filesystem})
     */
    Filesystem place(Filesystem filesystem) {
        follow(filesystem);
        return move(filesystem, this::followDirectory);
    }

    private Filesystem move(Filesystem filesystem, UnaryOperator<String> where) {
        List<VolumeMount> volumes = filesystem.volumes().stream()
                .map(volume -> new VolumeMount(
                        volume.source(), where.apply(volume.target()), volume.readOnly(), volume.execute()))
                .toList();
        List<TmpfsMount> tmpfs = filesystem.tmpfs().stream()
                .map(mount -> new TmpfsMount(where.apply(mount.target()), mount.size(), mount.execute()))
                .toList();
        try {
            return new Filesystem(
                    filesystem.rootfs(),
                    filesystem.rootfsSha256(),
                    filesystem.overlay(),
                    filesystem.context(),
                    filesystem.workspace(),
                    filesystem.home(),
                    filesystem.homeExecute(),
                    volumes,
                    tmpfs,
                    filesystem.secrets());
        } catch (InvalidSpecException e) {
            throw new InvalidSpecException(e.getMessage() + " (after following links of " + rootfs + ")");
        }
    }

    private String followDirectory(String path) {
        Path target = Path.of(path);
        Path directory = target.getParent();
        return directory == null
                ? path
                : Path.of(follow(directory.toString()))
                        .resolve(target.getFileName())
                        .toString();
    }

    /** Resolves a path. Parts outside the root filesystem have no links. */
    String follow(String path) {
        Deque<String> rest = new ArrayDeque<>(Arrays.asList(path.split("/")));
        Path at = Path.of("/");
        int links = 0;
        while (!rest.isEmpty()) {
            String name = rest.pop();
            Path next = at.resolve(name).normalize();
            if (name.isEmpty() || name.equals(".") || !contains(next) || !isLink(host(next))) {
                at = next;
                continue;
            }
            if (++links > MAX_LINKS) {
                throw new InvalidSpecException("'" + path + "' leads through too many links of " + rootfs);
            }
            String to = read(host(next));
            at = to.startsWith("/") ? Path.of("/") : at;
            Arrays.asList(to.split("/")).reversed().forEach(rest::push);
        }
        return at.toString();
    }

    /**
     * {@link Files#isSymbolicLink} throws and catches an exception for a missing path, and many of these are missing.
     */
    static boolean isLink(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS) && Files.isSymbolicLink(path);
    }

    /** Whether the container's file at this path, if any, comes from the root filesystem. */
    boolean contains(Path path) {
        return path.getNameCount() > 0 && bound.test(path.getName(0).toString());
    }

    /** The host path of a path without links. */
    Path host(Path path) {
        return rootfs.resolve(path.toString().substring(1));
    }

    static String read(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            throw new InvalidSpecException("the link " + link + " can't be read: " + e);
        }
    }
}
