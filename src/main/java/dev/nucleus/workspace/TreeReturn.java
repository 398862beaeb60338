package dev.nucleus.workspace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
            boolean brought = same(before.entries().get(path), now.entries().get(path))
                    && (made.directory() ? makeDirectory(path) : write(path, path, made.executable(), false));
            if (brought) {
                changed.add(made.directory() ? path + "/" : path);
            } else {
                beside(path, made);
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

    /** Something that is done in an open directory of the host's, with a name in it. */
    private interface Work {
        void in(SecureDirectoryStream<Path> directory, Path name) throws IOException;
    }

    /**
     * Opens the directories on the way one from another, never by a link: whoever may write there could put one in
     * their place at any moment, and have root write somewhere else.
     *
     * @return false when there is a link or a file on the way, or none of them
     */
    private boolean inParent(String path, Work work) throws IOException {
        Path relative = Path.of(path);
        var opened = new ArrayDeque<SecureDirectoryStream<Path>>();
        try {
            opened.push((SecureDirectoryStream<Path>) Files.newDirectoryStream(source));
            for (int i = 0; i < relative.getNameCount() - 1; i++) {
                try {
                    opened.push(opened.getFirst().newDirectoryStream(relative.getName(i), LinkOption.NOFOLLOW_LINKS));
                } catch (NotDirectoryException | NoSuchFileException e) {
                    return false;
                } catch (FileSystemException e) {
                    // ELOOP has no exception of its own.
                    return false;
                }
            }
            work.in(opened.getFirst(), relative.getFileName());
            return true;
        } finally {
            for (SecureDirectoryStream<Path> directory : opened) {
                directory.close();
            }
        }
    }

    private static PosixFileAttributeView view(SecureDirectoryStream<Path> directory, Path name) {
        return directory.getFileAttributeView(name, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    }

    /** Empty: there is nothing by that name. */
    private static Optional<PosixFileAttributes> attributes(SecureDirectoryStream<Path> directory, Path name)
            throws IOException {
        try {
            return Optional.of(view(directory, name).readAttributes());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Whether it was made. Whom a new directory is in, it belongs to. */
    private boolean makeDirectory(String path) throws IOException {
        boolean[] made = new boolean[1];
        boolean reached = inParent(path, (directory, name) -> {
            if (attributes(directory, name).isPresent()) {
                return;
            }
            // Java has no mkdirat(2). Where a link has come into the way meanwhile, an empty directory is all it gains.
            Files.createDirectory(source.resolve(path));
            giveTo(view(directory, name), ownerOf(directory));
            made[0] = true;
        });
        return reached && made[0];
    }

    private static PosixFileAttributes ownerOf(SecureDirectoryStream<Path> directory) throws IOException {
        return directory.getFileAttributeView(PosixFileAttributeView.class).readAttributes();
    }

    /** Whether it was written: beside its place and moved there, so that whoever reads it gets one or the other. */
    private boolean write(String path, String place, boolean executable, boolean fresh) throws IOException {
        boolean[] written = new boolean[1];
        boolean reached = inParent(place, (directory, name) -> {
            Optional<PosixFileAttributes> there = attributes(directory, name);
            if (there.isPresent() && (fresh || !there.get().isRegularFile())) {
                return;
            }
            Path part = Path.of(".nucleus-" + tag + ".part");
            try {
                copyTo(directory, part, path);
                PosixFileAttributes like = there.isPresent() ? there.get() : ownerOf(directory);
                giveTo(view(directory, part), like);
                view(directory, part).setPermissions(permissions(like, there.isPresent(), executable));
                directory.move(part, directory, name);
            } catch (IOException e) {
                if (attributes(directory, part).isPresent()) {
                    directory.deleteFile(part);
                }
                throw e;
            }
            written[0] = true;
        });
        return reached && written[0];
    }

    private void copyTo(SecureDirectoryStream<Path> directory, Path part, String path) throws IOException {
        try (SeekableByteChannel from = Files.newByteChannel(
                        copy.resolve(path), Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
                SeekableByteChannel to = directory.newByteChannel(
                        part,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
            while (from.read(buffer) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
                buffer.clear();
            }
        }
    }

    /** Nothing is lost: the container's version gets a name of its own, where there is a place for it. */
    private void beside(String path, TreeManifest.Entry made) throws IOException {
        if (!made.directory()) {
            write(path, path + ".from-" + tag, made.executable(), true);
        }
        conflicts.add(path);
    }

    /** Those that a file has keeps it, but for "executable"; a new one is its owner's to change, all's to read. */
    private static Set<PosixFilePermission> permissions(PosixFileAttributes like, boolean there, boolean executable) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        permissions.addAll(there ? like.permissions() : PosixFilePermissions.fromString("rw-r--r--"));
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
        TreeManifest.Entry entry = now.entries().get(path);
        if (!same(before.entries().get(path), entry)) {
            conflicts.add(path);
            return;
        }
        inParent(path, (directory, name) -> {
            try {
                if (java.util.Objects.requireNonNull(entry).directory()) {
                    directory.deleteDirectory(name);
                } else {
                    directory.deleteFile(name);
                }
                removed.add(path);
            } catch (DirectoryNotEmptyException e) {
                // What was never copied is still in it.
                return;
            }
        });
    }

    private static void giveTo(PosixFileAttributeView view, PosixFileAttributes like) throws IOException {
        PosixFileAttributes own = view.readAttributes();
        if (!own.owner().equals(like.owner()) || !own.group().equals(like.group())) {
            view.setOwner(like.owner());
            view.setGroup(like.group());
        }
    }
}
