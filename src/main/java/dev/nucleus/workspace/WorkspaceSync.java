package dev.nucleus.workspace;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.Identity;
import dev.nucleus.kernel.Node;
import dev.nucleus.workspace.TreeManifest.Content;
import dev.nucleus.workspace.TreeManifest.Item;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Copies a container's changes to its copy of a directory back to the host. The copy is hostile: only directories and
 * regular files are taken from it, under names that would have been copied in; no owners, no mode bits except
 * "executable", and nothing through a link. What changed on the host meanwhile stays as it is on the host.
 *
 * <p>The copy, its manifest and the host's directory are walked side by side. Each directory is opened relative to its
 * parent and held open, so that nobody can redirect a write by renaming or replacing something on the host, or by
 * planting a link there. Only the names in the directories being walked are in memory, and of large directories not
 * even those.
 */
public final class WorkspaceSync {

    private static final int NEW_DIRECTORY_MODE = 0755;
    /** Longest name on ext4 and most other file systems, in bytes. */
    private static final int MAX_NAME = 255;

    /** Number of names tried for a file that changed on both sides. */
    private static final int NAMES_TRIED = 10;

    private final TreeManifest.Cursor before;
    private final NameSorter sorter;
    private final TreeSize size;
    private final String tag;
    private final CopyProgress progress;
    private final FileContent content;
    private final TreePath path = new TreePath();
    private final HardLinks links = new HardLinks();
    private final HostFiles files;
    private long directoriesMade;
    private final Tally<String> changed = new Tally<>();
    private final Tally<String> removed = new Tally<>();
    private final Tally<String> conflicts = new Tally<>();
    private final Tally<String> unplaced = new Tally<>();
    private final Tally<SkippedFile> leftOut = new Tally<>();

    private WorkspaceSync(
            TreeManifest.Cursor before,
            NameSorter sorter,
            TreeSize size,
            TreeSize hostSize,
            String tag,
            Directory top,
            CopyProgress progress) {
        this.progress = progress;
        this.content = new FileContent(progress, before.hashesHoles());
        this.before = before;
        this.sorter = sorter;
        this.size = size;
        this.tag = tag;
        this.files = new HostFiles(top, tag, hostSize, content, links, path);
    }

    /**
     * Same as {@link #copyBack(Path, SourceDirectory, TreeManifest, String, TreeLimits, CopyProgress)}, without
     * progress reports.
     */
    static SyncResult copyBack(Path copy, SourceDirectory source, TreeManifest before, String tag, TreeLimits limits) {
        return copyBack(copy, source, before, tag, limits, CopyProgress.none());
    }

    /**
     * Copies the changes back. Holes and hard links are preserved, and written files get the container's modification
     * times.
     *
     * @param before the manifest of what both sides contained
     * @param tag names the container, in the names of files that changed on both sides
     * @throws WorkspaceException if the copy can't be read or is too large, or the directory can't be written to. What
     *     has been copied back until then stays; nothing is copied back from a copy that is too large.
     */
    public static SyncResult copyBack(
            Path copy,
            SourceDirectory source,
            TreeManifest before,
            String tag,
            TreeLimits limits,
            CopyProgress progress) {
        Path own = Objects.requireNonNull(before.file().toAbsolutePath().getParent());
        try (Directory opened = Directory.open(copy)) {
            progress.begin("measuring the container's copy");
            measure(opened, new TreePath(), new TreeSize("the container's copy", limits), progress);
            progress.begin("copying changes back");
            before.check();
            try (TreeManifest.Cursor cursor = before.read();
                    NameSorter sorter = new NameSorter(own)) {
                var work = new WorkspaceSync(
                        cursor,
                        sorter,
                        new TreeSize("the container's copy", limits),
                        new TreeSize(source.toString(), limits),
                        tag.substring(0, Math.min(tag.length(), 12)),
                        source.directory(),
                        progress);
                work.bring(opened, true, source.directory());
                return new SyncResult(
                        work.changed,
                        work.removed,
                        work.conflicts,
                        work.unplaced,
                        work.leftOut,
                        work.links.separated());
            }
        } catch (IOException e) {
            throw new WorkspaceException("can't copy changes back to " + source + ": " + e.getMessage(), e);
        }
    }

    /** Checks that the copy is within the limits, before anything is changed on the host. */
    private static void measure(Directory directory, TreePath path, TreeSize size, CopyProgress progress)
            throws IOException {
        try (Directory.Listing names = directory.list()) {
            for (FileName name = names.next(); name != null; name = names.next()) {
                size.count(name);
                progress.file();
                if (CopyExclusions.isExcluded(name.toString())) {
                    continue;
                }
                try (Node node = directory.node(name)) {
                    if (node.status().isDirectory()) {
                        size.enter(path);
                        path.enter(name);
                        try (Directory inner = node.openDirectory()) {
                            measure(inner, path, size, progress);
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
     * Copies back one directory.
     *
     * @param copy the container's directory; null if the container removed it
     * @param recorded whether it was copied in: its entries are next in the manifest
     * @param host the host's directory; null if there is none
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
        progress.file();
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

    /** An entry of the copy that is to be copied back; null if it is left out. */
    private @Nullable Node work(Directory copy, FileName name) throws IOException {
        if (CopyExclusions.isExcluded(name.toString())) {
            leftOut.add(() -> new SkippedFile(path.of(name), "excluded by name"));
            return null;
        }
        Node node = copy.node(name);
        return switch (node.status().type()) {
            case DIRECTORY, REGULAR_FILE -> node;
            case SYMBOLIC_LINK, FIFO, SOCKET, DEVICE -> {
                String why = node.status().isSymbolicLink() ? "a link" : "a special file";
                node.close();
                leftOut.add(() -> new SkippedFile(path.of(name), why));
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
        long madeBefore = directoriesMade;
        try (Directory copy = made.openDirectory();
                Directory inner = host == null ? null : directory(host, name, recorded)) {
            boolean isNew = directoriesMade > madeBefore;
            size.enter(path);
            path.enter(name);
            bring(copy, recorded, inner);
            path.leave();
            if (inner != null && isNew) {
                inner.setModified(made.status().modified());
            }
        }
    }

    /** The host's directory of that name, created if it is new; null if there is none. */
    private @Nullable Directory directory(Directory host, FileName name, boolean recorded) throws IOException {
        try (Node there = HostFiles.find(host, name)) {
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
                directoriesMade++;
                changed.add(() -> path.of(name) + "/");
            }
            return made;
        }
    }

    /** Creates a directory with the owner of its parent; null if another process was faster. */
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
            // Replaced meanwhile by another process.
            return null;
        }
        try {
            FileStat own = made.status();
            // Another directory of root's that was moved here must not be given away with its content.
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
        HardLinks.Linked linked = links.next(made.status());
        Content work = content.digest(made);
        if (was instanceof Item.FileEntry(var _, var recorded) && recorded.equals(work)) {
            if (host != null) {
                files.keepLinks(host, name, new HostFiles.Work(made, work, linked));
            }
            return;
        }
        if (host == null) {
            conflicts.add(() -> path.of(name));
            unplaced.add(() -> path.of(name));
            return;
        }
        try (Node there = HostFiles.find(host, name)) {
            Optional<Content> now = files.contentOf(there);
            if (now.equals(Optional.of(work))) {
                files.keepLinks(host, name, new HostFiles.Work(made, work, linked));
                return;
            }
            boolean unchanged = there == null
                    ? !(was instanceof Item.FileEntry)
                    : was instanceof Item.FileEntry(var _, var recorded) && now.equals(Optional.of(recorded));
            var file = new HostFiles.Work(made, work, linked);
            if (unchanged && files.write(host, name, file, there)) {
                changed.add(() -> path.of(name));
            } else {
                writeConflictCopy(host, name, file);
            }
        }
    }

    /** Writes the container's version under a name of its own, so that nothing is lost. */
    private void writeConflictCopy(Directory host, FileName name, HostFiles.Work work) throws IOException {
        conflicts.add(() -> path.of(name));
        for (int i = 0; i < NAMES_TRIED; i++) {
            FileName other = besideName(name, i == 0 ? ".from-" + tag : ".from-" + tag + "-" + i);
            try (Node there = HostFiles.find(host, other)) {
                // A manager that was killed may have copied it back already.
                if (files.contentOf(there).equals(Optional.of(work.content()))
                        || there == null && files.write(host, other, work, null)) {
                    return;
                }
            }
        }
        unplaced.add(() -> path.of(name));
    }

    private static FileName besideName(FileName name, String ending) {
        String bytes = name.bytes();
        return new FileName(bytes.substring(0, Math.min(bytes.length(), MAX_NAME - ending.length())) + ending);
    }

    /** Removes what the container removed, or replaced with an entry of another type. */
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
        try (Node there = HostFiles.find(host, name)) {
            if (there == null) {
                return;
            }
            if (files.contentOf(there).equals(Optional.of(recorded))) {
                host.deleteFile(name);
                removed.add(() -> path.of(name));
            } else if (there.status().isRegularFile() || there.status().isDirectory()) {
                conflicts.add(() -> path.of(name));
            }
        }
    }

    private void removeDirectory(FileName name, @Nullable Directory host) throws IOException {
        try (Node there = host == null ? null : HostFiles.find(host, name)) {
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
            // It still contains entries that were never copied.
            return;
        }
    }
}
