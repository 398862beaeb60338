package dev.nucleus.workspace;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.Identity;
import dev.nucleus.kernel.NewFile;
import dev.nucleus.kernel.Node;
import dev.nucleus.workspace.TreeManifest.Content;
import dev.nucleus.workspace.TreeManifest.Item;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Brings back what a container changed in its copy of a directory. The copy is hostile: of it only directories and
 * regular files count, under names that would have been copied in; no owner, no mode but "executable", and nothing by
 * way of a link. What changed on the host meanwhile stays as it is on the host.
 *
 * <p>The copy, the record of what was copied and the host's directory are walked side by side, directory by directory,
 * each opened from the one it is in and held: whoever may rename or replace something on the host, or put a link there,
 * changes nothing of where is written. Only the names of the directories that are being walked are in memory, and of
 * large ones not even those.
 */
public final class TreeReturn {

    private static final int NEW_FILE_MODE = 0644;
    private static final int NEW_DIRECTORY_MODE = 0755;
    private static final int EXECUTABLE = 0111;
    private static final int OWNER_EXECUTABLE = 0100;
    private static final int PERMISSIONS = 0777;

    /** Of ext4 and most others, in bytes. */
    private static final int LONGEST_NAME = 255;

    /** Names that are tried for a file that both sides changed. */
    private static final int NAMES_TRIED = 10;

    /** What is named of each list in a summary. */
    private static final int SHOWN = 5;

    /**
     * In the place of what is not read, because the host's files together are longer than the limit: different from
     * whatever the container has.
     */
    private static final Content TOO_LONG = new Content("", false);

    private final TreeManifest.Cursor before;
    private final NameSorter sorter;
    private final TreeSize size;
    private final TreeSize hostSize;
    private final String tag;
    private final FileContent content = new FileContent();
    private final TreePath path = new TreePath();
    private final Tally<String> changed = new Tally<>();
    private final Tally<String> removed = new Tally<>();
    private final Tally<String> conflicts = new Tally<>();
    private final Tally<String> unplaced = new Tally<>();
    private final Tally<Skipped> leftOut = new Tally<>();

    private TreeReturn(TreeManifest.Cursor before, NameSorter sorter, TreeSize size, TreeSize hostSize, String tag) {
        this.before = before;
        this.sorter = sorter;
        this.size = size;
        this.hostSize = hostSize;
        this.tag = tag;
    }

    /**
     * What came of it.
     *
     * @param changed files and directories that were written or made
     * @param removed those that were deleted
     * @param conflicts those that both sides changed: the host's is as it was, the container's beside it
     * @param unplaced files of the container that could not be placed on the host, and are in the copy only
     * @param leftOut what of the copy was no file or directory, or had a name that is left out
     */
    public record Result(
            Tally<String> changed,
            Tally<String> removed,
            Tally<String> conflicts,
            Tally<String> unplaced,
            Tally<Skipped> leftOut) {

        /** For whoever waits for it. */
        public String summary() {
            var parts = new ArrayList<String>();
            parts.add(changed.count() + " changed");
            parts.add(removed.count() + " removed");
            if (!conflicts.isEmpty()) {
                parts.add(conflicts.count() + " changed on both sides, the container's beside the host's: "
                        + named(conflicts.first(), conflicts.count(), Tally.NAMED));
            }
            if (!unplaced.isEmpty()) {
                parts.add(unplaced.count() + " could not be placed on the host: "
                        + named(unplaced.first(), unplaced.count(), SHOWN));
            }
            if (!leftOut.isEmpty()) {
                List<String> first = leftOut.first().stream()
                        .map(skipped -> skipped.path() + " (" + skipped.why() + ")")
                        .toList();
                parts.add(leftOut.count() + " left out: " + named(first, leftOut.count(), SHOWN));
            }
            return String.join("; ", parts);
        }

        private static String named(List<String> first, long count, int shown) {
            return first.stream().limit(shown).collect(Collectors.joining(", ")) + (count > shown ? ", …" : "");
        }
    }

    /**
     * Brings the changes back.
     *
     * @param before what both sides contained
     * @param tag names the container, for files that both sides changed
     * @throws WorkspaceException when the copy can't be read, is too large, or the directory can't be written to; what
     *     was brought back until then stays. Of a copy that is too large nothing is.
     */
    public static Result bringBack(
            Path copy, SourceDirectory source, TreeManifest before, String tag, TreeLimits limits) {
        Path own = Objects.requireNonNull(before.file().toAbsolutePath().getParent());
        try (Directory opened = Directory.open(copy)) {
            measure(opened, new TreePath(), new TreeSize("the container's copy", limits));
            before.check();
            try (TreeManifest.Cursor cursor = before.read();
                    NameSorter sorter = new NameSorter(own)) {
                var work = new TreeReturn(
                        cursor,
                        sorter,
                        new TreeSize("the container's copy", limits),
                        new TreeSize(source.toString(), limits),
                        tag.substring(0, Math.min(tag.length(), 12)));
                work.bring(opened, true, source.directory());
                return new Result(work.changed, work.removed, work.conflicts, work.unplaced, work.leftOut);
            }
        } catch (IOException e) {
            throw new WorkspaceException("can't bring changes back to " + source + ": " + e.getMessage(), e);
        }
    }

    /** Before anything is changed on the host: whether there is an end to it. */
    private static void measure(Directory directory, TreePath path, TreeSize size) throws IOException {
        try (Directory.Listing names = directory.list()) {
            for (FileName name = names.next(); name != null; name = names.next()) {
                size.count(name);
                if (CopyExclusions.isExcluded(name.toString())) {
                    continue;
                }
                try (Node node = directory.node(name)) {
                    if (node.status().isDirectory()) {
                        size.enter(path);
                        path.enter(name);
                        try (Directory inner = node.openDirectory()) {
                            measure(inner, path, size);
                        }
                        path.leave();
                    } else if (node.status().isRegularFile()) {
                        size.count(node.status());
                    }
                }
            }
        }
    }

    /**
     * One directory, on up to three sides.
     *
     * @param copy null: the container removed it
     * @param recorded whether it was copied: what was in it is next in the record
     * @param host null: there is no such directory on the host
     */
    private void bring(@Nullable Directory copy, boolean recorded, @Nullable Directory host) throws IOException {
        try (NameSorter.Names names = copy == null ? null : sorter.sort(copy, size)) {
            FileName made = names == null ? null : names.next();
            Item.Entry was = recorded ? before.peekEntry() : null;
            while (made != null || was != null) {
                int order = made == null ? 1 : was == null ? -1 : made.compareTo(was.name());
                if (order >= 0) {
                    before.take();
                }
                bring(
                        order <= 0
                                ? Objects.requireNonNull(made)
                                : Objects.requireNonNull(was).name(),
                        order <= 0 ? copy : null,
                        order >= 0 ? was : null,
                        host);
                if (order <= 0) {
                    made = Objects.requireNonNull(names).next();
                }
                was = recorded ? before.peekEntry() : null;
            }
        }
        if (recorded) {
            before.take();
        }
    }

    private void bring(FileName name, @Nullable Directory copy, Item.@Nullable Entry was, @Nullable Directory host)
            throws IOException {
        try (Node made = copy == null ? null : work(copy, name)) {
            if (made == null) {
                remove(name, was, host);
            } else if (made.status().isDirectory()) {
                bringDirectory(made, name, was, host);
            } else {
                bringFile(made, name, was, host);
            }
        }
    }

    /** What of the copy is a container's work; null: it is left out. */
    private @Nullable Node work(Directory copy, FileName name) throws IOException {
        if (CopyExclusions.isExcluded(name.toString())) {
            leftOut.add(() -> new Skipped(path.of(name), "left out by its name"));
            return null;
        }
        Node node = copy.node(name);
        return switch (node.status().type()) {
            case DIRECTORY, REGULAR_FILE -> node;
            case SYMBOLIC_LINK, FIFO, SOCKET, DEVICE -> {
                String why = node.status().isSymbolicLink() ? "a link" : "a special file";
                node.close();
                leftOut.add(() -> new Skipped(path.of(name), why));
                yield null;
            }
        };
    }

    private void bringDirectory(Node made, FileName name, Item.@Nullable Entry was, @Nullable Directory host)
            throws IOException {
        boolean recorded = was instanceof Item.DirectoryEntry;
        if (was instanceof Item.FileEntry) {
            remove(name, was, host);
        }
        try (Directory copy = made.openDirectory();
                Directory inner = host == null ? null : directory(host, name, recorded)) {
            size.enter(path);
            path.enter(name);
            bring(copy, recorded, inner);
            path.leave();
        }
    }

    /** The host's directory of that name, which is made if it is new; null: there is none. */
    private @Nullable Directory directory(Directory host, FileName name, boolean recorded) throws IOException {
        try (Node there = find(host, name)) {
            if (there != null && there.status().isDirectory()) {
                return there.openDirectory();
            }
            if (recorded && there == null) {
                return null;
            }
            Directory made = there == null ? makeDirectory(host, name) : null;
            if (made == null) {
                conflicts.add(() -> path.of(name));
            } else {
                changed.add(() -> path.of(name) + "/");
            }
            return made;
        }
    }

    /** Whom a new directory is in, it belongs to. Null: somebody else was faster. */
    private static @Nullable Directory makeDirectory(Directory host, FileName name) throws IOException {
        try {
            host.createDirectory(name);
        } catch (FileAlreadyExistsException e) {
            return null;
        }
        FileStat owner = host.status();
        Directory made;
        try {
            made = host.openDirectory(name);
        } catch (IOException e) {
            // Put in its place meanwhile by whoever may.
            return null;
        }
        try {
            FileStat own = made.status();
            // Another one of root's, moved here by whoever may, must not be given away with what is in it.
            if (own.uid() != Identity.current().uid() || !isEmpty(made)) {
                made.close();
                return null;
            }
            if (own.uid() != owner.uid() || own.gid() != owner.gid()) {
                made.setOwner(owner.uid(), owner.gid());
            }
            made.setMode(NEW_DIRECTORY_MODE);
            return made;
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
    }

    private static boolean isEmpty(Directory directory) throws IOException {
        try (Directory.Listing names = directory.list()) {
            return names.next() == null;
        }
    }

    private void bringFile(Node made, FileName name, Item.@Nullable Entry was, @Nullable Directory host)
            throws IOException {
        if (was instanceof Item.DirectoryEntry) {
            remove(name, was, host);
        }
        Content work = content.digest(made);
        if (was instanceof Item.FileEntry(var _, var recorded) && recorded.equals(work)) {
            return;
        }
        if (host == null) {
            conflicts.add(() -> path.of(name));
            unplaced.add(() -> path.of(name));
            return;
        }
        try (Node there = find(host, name)) {
            Optional<Content> now = contentOf(there);
            if (now.equals(Optional.of(work))) {
                return;
            }
            boolean unchanged = there == null
                    ? !(was instanceof Item.FileEntry)
                    : was instanceof Item.FileEntry(var _, var recorded) && now.equals(Optional.of(recorded));
            if (unchanged && isWritten(host, name, made, there)) {
                changed.add(() -> path.of(name));
            } else {
                beside(host, name, made, work);
            }
        }
    }

    private static @Nullable Node find(Directory host, FileName name) throws IOException {
        return host.find(name).orElse(null);
    }

    /** Of a file of the host's. Empty: it is no regular file. */
    private Optional<Content> contentOf(@Nullable Node file) throws IOException {
        if (file == null || !file.status().isRegularFile()) {
            return Optional.empty();
        }
        return Optional.of(hostSize.takes(file.status()) ? content.digest(file) : TOO_LONG);
    }

    /**
     * Written beside its place and moved there, so that whoever reads it gets one or the other.
     *
     * @param replaced null: what is new takes the place of nothing
     * @return false when the host's changed meanwhile
     */
    private boolean isWritten(Directory host, FileName name, Node made, @Nullable Node replaced) throws IOException {
        FileName part = FileName.of(".nucleus-" + tag + ".part");
        try (NewFile file = part(host, part)) {
            try (FileChannel channel = file.write()) {
                content.copy(made, channel);
            }
            FileStat own = file.status();
            FileStat like = replaced == null ? host.status() : replaced.status();
            if (own.uid() != like.uid() || own.gid() != like.gid()) {
                file.setOwner(like.uid(), like.gid());
            }
            file.setMode(mode(replaced == null ? NEW_FILE_MODE : like.mode(), made.status()));
            if (replaced == null) {
                host.renameToNew(part, host, name);
                return true;
            }
            if (!host.status(name).equals(Optional.of(replaced.status()))) {
                host.deleteFile(part);
                return false;
            }
            host.rename(part, host, name);
            return true;
        } catch (FileAlreadyExistsException e) {
            host.deleteFile(part);
            return false;
        } catch (IOException e) {
            removePart(host, part, e);
            throw e;
        }
    }

    /** A manager that was killed may have left one. */
    private static NewFile part(Directory host, FileName part) throws IOException {
        try {
            return host.createFile(part);
        } catch (FileAlreadyExistsException e) {
            host.deleteFile(part);
            return host.createFile(part);
        }
    }

    private static void removePart(Directory host, FileName part, IOException why) {
        try {
            host.deleteFile(part);
        } catch (NoSuchFileException e) {
            // It was not made, or was moved.
            return;
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    /** Those that a file has it keeps, but for "executable". */
    private static int mode(int like, FileStat made) {
        int mode = like & PERMISSIONS;
        return made.isExecutableByOwner() ? mode | OWNER_EXECUTABLE : mode & ~EXECUTABLE;
    }

    /** Nothing is lost: the container's version gets a name of its own. */
    private void beside(Directory host, FileName name, Node made, Content work) throws IOException {
        conflicts.add(() -> path.of(name));
        for (int i = 0; i < NAMES_TRIED; i++) {
            FileName other = besideName(name, i == 0 ? ".from-" + tag : ".from-" + tag + "-" + i);
            try (Node there = find(host, other)) {
                // Brought back before by a manager that was killed.
                if (contentOf(there).equals(Optional.of(work)) || there == null && isWritten(host, other, made, null)) {
                    return;
                }
            }
        }
        unplaced.add(() -> path.of(name));
    }

    private static FileName besideName(FileName name, String ending) {
        String bytes = name.bytes();
        return new FileName(bytes.substring(0, Math.min(bytes.length(), LONGEST_NAME - ending.length())) + ending);
    }

    /** What the container removed, or replaced by something of another type. */
    private void remove(FileName name, Item.@Nullable Entry was, @Nullable Directory host) throws IOException {
        switch (was) {
            case null -> {}
            case Item.DirectoryEntry _ -> removeDirectory(name, host);
            case Item.FileEntry(var _, var recorded) -> {
                if (host != null) {
                    removeFile(name, recorded, host);
                }
            }
        }
    }

    private void removeFile(FileName name, Content recorded, Directory host) throws IOException {
        try (Node there = find(host, name)) {
            if (there == null) {
                return;
            }
            if (contentOf(there).equals(Optional.of(recorded))) {
                host.deleteFile(name);
                removed.add(() -> path.of(name));
            } else if (there.status().isRegularFile() || there.status().isDirectory()) {
                conflicts.add(() -> path.of(name));
            }
        }
    }

    private void removeDirectory(FileName name, @Nullable Directory host) throws IOException {
        try (Node there = host == null ? null : find(host, name)) {
            boolean isThere = there != null && there.status().isDirectory();
            try (Directory inner = isThere ? Objects.requireNonNull(there).openDirectory() : null) {
                path.enter(name);
                bring(null, true, inner);
                path.leave();
            }
            if (isThere) {
                deleteDirectory(Objects.requireNonNull(host), name);
            } else if (there != null && there.status().isRegularFile()) {
                conflicts.add(() -> path.of(name));
            }
        }
    }

    private void deleteDirectory(Directory host, FileName name) throws IOException {
        try {
            host.deleteDirectory(name);
            removed.add(() -> path.of(name));
        } catch (DirectoryNotEmptyException e) {
            // What was never copied is still in it.
            return;
        }
    }
}
