package dev.nucleus.workspace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Brings back what a container changed in its copy of a directory. The copy is hostile: of it only directories and
 * regular files count, under names that would have been copied in; no owner, no mode but "executable", and nothing by
 * way of a link. What changed on the host meanwhile stays as it is on the host.
 */
public final class TreeReturn {

    private final Path copy;
    private final Path source;
    private final TreeManifest before;
    private final String tag;
    private final List<String> changed = new ArrayList<>();
    private final List<String> removed = new ArrayList<>();
    private final List<String> conflicts = new ArrayList<>();

    private TreeReturn(Path copy, Path source, TreeManifest before, String tag) {
        this.copy = copy;
        this.source = source;
        this.before = before;
        this.tag = tag;
    }

    /**
     * What came of it.
     *
     * @param changed files that were written or made
     * @param removed files that were deleted
     * @param conflicts files that both sides changed: the host's is as it was, the container's beside it
     * @param leftOut what of the copy was no file or directory, or had a name that is left out
     */
    public record Result(
            List<String> changed, List<String> removed, List<String> conflicts, List<TreeManifest.Skipped> leftOut) {

        /** For whoever waits for it. */
        public String summary() {
            var parts = new ArrayList<String>();
            parts.add(changed.size() + " changed");
            parts.add(removed.size() + " removed");
            if (!conflicts.isEmpty()) {
                parts.add(conflicts.size() + " changed on both sides, the container's beside the host's: "
                        + String.join(", ", conflicts));
            }
            if (!leftOut.isEmpty()) {
                parts.add(leftOut.size() + " left out: "
                        + String.join(
                                ", ",
                                leftOut.stream()
                                        .limit(5)
                                        .map(skipped -> skipped.path() + " (" + skipped.why() + ")")
                                        .toList())
                        + (leftOut.size() > 5 ? ", …" : ""));
            }
            return String.join("; ", parts);
        }
    }

    /**
     * Brings the changes back.
     *
     * @param before what both sides contained
     * @param tag names the container, for files that both sides changed
     * @throws WorkspaceException when the copy can't be read or the directory can't be written to; what was brought back
     *     until then stays
     */
    public static Result bringBack(Path copy, Path source, TreeManifest before, String tag) {
        var work = new TreeReturn(copy, source, before, tag.substring(0, Math.min(tag.length(), 12)));
        TreeManifest after = TreeManifest.of(copy);
        TreeManifest now = TreeManifest.of(source);
        try {
            work.bring(after, now);
        } catch (IOException e) {
            throw new WorkspaceException("can't bring changes back to " + source + ": " + e.getMessage(), e);
        }
        return new Result(work.changed, work.removed, work.conflicts, after.skipped());
    }

    private void bring(TreeManifest after, TreeManifest now) throws IOException {
        for (Map.Entry<String, TreeManifest.Entry> entry : after.entries().entrySet()) {
            String path = entry.getKey();
            TreeManifest.Entry made = entry.getValue();
            if (made.equals(before.entries().get(path))
                    || made.equals(now.entries().get(path))) {
                continue;
            }
            if (!same(before.entries().get(path), now.entries().get(path)) || !reachable(path)) {
                beside(path, made);
            } else if (made.directory()) {
                makeDirectory(path);
                changed.add(path + "/");
            } else {
                write(path, path, made.executable());
                changed.add(path);
            }
        }
        // Files before the directories that they were in.
        for (String path : new TreeSet<>(before.entries().keySet()).descendingSet()) {
            if (!after.entries().containsKey(path) && now.entries().containsKey(path)) {
                remove(path, now);
            }
        }
    }

    private static boolean same(
            TreeManifest.@org.jspecify.annotations.Nullable Entry one,
            TreeManifest.@org.jspecify.annotations.Nullable Entry other) {
        return one == null ? other == null : one.equals(other);
    }

    /** Every directory on the way is one, and no link; and in the file's place is a file, or nothing. */
    private boolean reachable(String path) {
        Path at = source;
        Path relative = Path.of(path);
        for (int i = 0; i < relative.getNameCount() - 1; i++) {
            at = at.resolve(relative.getName(i));
            if (!Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS)) {
                return false;
            }
        }
        Path file = source.resolve(path);
        return !Files.exists(file, LinkOption.NOFOLLOW_LINKS) || Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
    }

    /** Nothing is lost: the container's version gets a name of its own, where there is a place for it. */
    private void beside(String path, TreeManifest.Entry made) throws IOException {
        String place = path + ".from-" + tag;
        if (!made.directory() && reachable(place) && !Files.exists(source.resolve(place), LinkOption.NOFOLLOW_LINKS)) {
            write(path, place, made.executable());
        }
        conflicts.add(path);
    }

    private void makeDirectory(String path) throws IOException {
        Path directory = source.resolve(path);
        Files.createDirectory(directory);
        giveTo(directory, attributes(parent(directory)));
    }

    /** Written beside its place and moved there: whoever reads it gets one or the other. */
    private void write(String path, String place, boolean executable) throws IOException {
        Path file = source.resolve(place);
        boolean there = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        PosixFileAttributes like = attributes(there ? file : parent(file));
        Path fresh = Files.createTempFile(parent(file), ".nucleus-", ".part");
        try {
            try (SeekableByteChannel from = Files.newByteChannel(
                            copy.resolve(path), Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
                    FileChannel to = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
                while (from.read(buffer) >= 0) {
                    buffer.flip();
                    while (buffer.hasRemaining()) {
                        to.write(buffer);
                    }
                    buffer.clear();
                }
            }
            giveTo(fresh, like);
            Files.setPosixFilePermissions(fresh, permissions(like, there, executable));
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /** Those that a file has keeps it, but for "executable"; a new one is its owner's to change, all's to read. */
    private static Set<PosixFilePermission> permissions(PosixFileAttributes like, boolean there, boolean executable) {
        Set<PosixFilePermission> permissions = there
                ? EnumSet.copyOf(like.permissions())
                : EnumSet.of(
                        PosixFilePermission.OWNER_READ,
                        PosixFilePermission.OWNER_WRITE,
                        PosixFilePermission.GROUP_READ,
                        PosixFilePermission.OTHERS_READ);
        if (executable) {
            permissions.add(PosixFilePermission.OWNER_EXECUTE);
        } else {
            permissions.removeAll(Set.of(
                    PosixFilePermission.OWNER_EXECUTE,
                    PosixFilePermission.GROUP_EXECUTE,
                    PosixFilePermission.OTHERS_EXECUTE));
        }
        return permissions;
    }

    private void remove(String path, TreeManifest now) throws IOException {
        if (!same(before.entries().get(path), now.entries().get(path))) {
            conflicts.add(path);
            return;
        }
        Path file = source.resolve(path);
        if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
            try (var rest = Files.list(file)) {
                // What was never copied is still in it.
                if (rest.findAny().isPresent()) {
                    return;
                }
            }
        }
        Files.delete(file);
        removed.add(path);
    }

    private static Path parent(Path file) {
        return java.util.Objects.requireNonNull(file.getParent());
    }

    private static PosixFileAttributes attributes(Path path) throws IOException {
        return Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    private static void giveTo(Path path, PosixFileAttributes like) throws IOException {
        PosixFileAttributes own = attributes(path);
        if (!own.owner().equals(like.owner()) || !own.group().equals(like.group())) {
            PosixFileAttributeView view =
                    Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
            view.setOwner(like.owner());
            view.setGroup(like.group());
        }
    }
}
