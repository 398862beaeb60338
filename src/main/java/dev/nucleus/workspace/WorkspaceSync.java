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
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Objects;
import java.util.Optional;
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
public final class WorkspaceSync {

    private static final int NEW_FILE_MODE = 0644;
    private static final int NEW_DIRECTORY_MODE = 0755;
    private static final int EXECUTABLE = 0111;
    private static final int OWNER_EXECUTABLE = 0100;
    private static final int PERMISSIONS = 0777;

    /** Of ext4 and most others, in bytes. */
    private static final int LONGEST_NAME = 255;

    /** Names that are tried for a file that both sides changed. */
    private static final int NAMES_TRIED = 10;

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
    private final Directory top;
    private final CopyProgress progress;
    private final FileContent content;
    private final HardLinks links = new HardLinks();
    private long directoriesMade;
    private final TreePath path = new TreePath();
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
        this.top = top;
        this.progress = progress;
        this.content = new FileContent(progress);
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
     * @param separated how many names of files with several (link(2)) became files of their own
     */
    public record Result(
            Tally<String> changed,
            Tally<String> removed,
            Tally<String> conflicts,
            Tally<String> unplaced,
            Tally<SkippedFile> leftOut,
            long separated) {

        /** For whoever waits for it. */
        public String summary() {
            var parts = new ArrayList<String>();
            parts.add(changed.count() + " changed");
            parts.add(removed.count() + " removed");
            if (!conflicts.isEmpty()) {
                parts.add(conflicts.count() + " changed on both sides, the container's beside the host's: "
                        + conflicts.words(Tally.NAMED, path -> path));
            }
            if (!unplaced.isEmpty()) {
                parts.add(unplaced.count() + " could not be placed on the host: "
                        + unplaced.words(SkippedFile.SHOWN, path -> path));
            }
            if (!leftOut.isEmpty()) {
                parts.add(leftOut.count() + " left out: " + leftOut.words(SkippedFile.SHOWN, SkippedFile::words));
            }
            if (separated > 0) {
                parts.add(separated + " hard links became files of their own");
            }
            return String.join("; ", parts);
        }
    }

    /** As {@link #bringBack(Path, SourceDirectory, TreeManifest, String, TreeLimits, CopyProgress)}, unreported. */
    static Result bringBack(Path copy, SourceDirectory source, TreeManifest before, String tag, TreeLimits limits) {
        return bringBack(copy, source, before, tag, limits, CopyProgress.none());
    }

    /**
     * Brings the changes back. Holes stay holes, names of one file stay names of one file, and what is written has the
     * container's time of the last change of content.
     *
     * @param before what both sides contained
     * @param tag names the container, for files that both sides changed
     * @throws WorkspaceException when the copy can't be read, is too large, or the directory can't be written to; what
     *     was brought back until then stays. Of a copy that is too large nothing is.
     */
    public static Result bringBack(
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
            progress.begin("bringing changes back");
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
                return new Result(
                        work.changed,
                        work.removed,
                        work.conflicts,
                        work.unplaced,
                        work.leftOut,
                        work.links.separated());
            }
        } catch (IOException e) {
            throw new WorkspaceException("can't bring changes back to " + source + ": " + e.getMessage(), e);
        }
    }

    /** Before anything is changed on the host: whether there is an end to it. */
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

    /** What of the copy is a container's work; null: it is left out. */
    private @Nullable Node work(Directory copy, FileName name) throws IOException {
        if (CopyExclusions.isExcluded(name.toString())) {
            leftOut.add(() -> new SkippedFile(path.of(name), "left out by its name"));
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
                directoriesMade++;
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
        HardLinks.Linked linked = links.next(made.status());
        Content work = content.digest(made);
        if (was instanceof Item.FileEntry(var _, var recorded) && recorded.equals(work)) {
            if (host != null) {
                keepLinks(made, linked, host, name, work);
            }
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
                keepLinks(made, linked, host, name, work);
                return;
            }
            boolean unchanged = there == null
                    ? !(was instanceof Item.FileEntry)
                    : was instanceof Item.FileEntry(var _, var recorded) && now.equals(Optional.of(recorded));
            var file = new Work(made, work, linked);
            if (unchanged && isWritten(host, name, file, there)) {
                changed.add(() -> path.of(name));
            } else {
                beside(host, name, file);
            }
        }
    }

    /**
     * A file of the container's.
     *
     * @param linked another name of the same, which was met before; null: none was, or it has no other
     */
    private record Work(Node made, Content content, HardLinks.@Nullable Linked linked) {}

    /**
     * A name that has on the host what it has in the copy. Names that were met before and written are given the host's
     * file now, as the container gave them this one: link(2) from a new name to an old one looks no different.
     */
    private void keepLinks(Node made, HardLinks.@Nullable Linked linked, Directory host, FileName name, Content work)
            throws IOException {
        if (linked == null || !linked.isWritten()) {
            links.add(made.status(), linked, work, false, path, name);
            return;
        }
        try (Node there = find(host, name)) {
            for (HardLinks.Place place : linked.places()) {
                if (there == null || !isReplaced(place, there, work)) {
                    links.separate();
                }
            }
        }
        links.settle(linked, path, name);
    }

    /** Replaces a file that was written by a name of one that is on the host; false: one of them isn't as it was. */
    private boolean isReplaced(HardLinks.Place place, Node by, Content work) throws IOException {
        try (Directory directory = place.open(top);
                Node there = directory.node(place.name())) {
            return there.status().isSameFile(by.status())
                    || isAlike(there, by.status())
                            && contentOf(there).equals(Optional.of(work))
                            && contentOf(by).equals(Optional.of(work))
                            && isReplaced(directory, place.name(), there, by);
        } catch (NoSuchFileException | NotDirectoryException e) {
            // Moved or replaced on the host meanwhile.
            return false;
        }
    }

    private boolean isReplaced(Directory directory, FileName name, Node there, Node by) throws IOException {
        FileName part = part();
        if (!isLinked(directory, part, by)) {
            return false;
        }
        try {
            if (directory.status(name).equals(Optional.of(there.status()))) {
                directory.rename(part, directory, name);
                return true;
            }
            directory.deleteFile(part);
            return false;
        } catch (IOException e) {
            removePart(directory, part, e);
            throw e;
        }
    }

    /** Whether it is as accessible as the other. */
    private static boolean isAlike(Node one, FileStat other) {
        FileStat status = one.status();
        return status.uid() == other.uid() && status.gid() == other.gid() && status.mode() == other.mode();
    }

    /** A second name of a file of the host's; false: it can't have one there. */
    private static boolean isLinked(Directory host, FileName part, Node file) throws IOException {
        try {
            // A manager that was killed may have left one.
            if (host.status(part).isPresent()) {
                host.deleteFile(part);
            }
            host.link(file, part);
            return true;
        } catch (FileSystemException e) {
            // As many names as a file may have (EMLINK), another file system (EXDEV), or another user's file (EPERM).
            return false;
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
    private boolean isWritten(Directory host, FileName name, Work work, @Nullable Node replaced) throws IOException {
        FileName part = part();
        FileStat like = replaced == null ? host.status() : replaced.status();
        int mode =
                mode(replaced == null ? NEW_FILE_MODE : like.mode(), work.made().status());
        try {
            if (!isPartLinked(host, part, work, like, mode)) {
                writePart(host, part, work, like, mode);
            }
            if (replaced == null) {
                host.renameToNew(part, host, name);
            } else if (host.status(name).equals(Optional.of(replaced.status()))) {
                host.rename(part, host, name);
            } else {
                host.deleteFile(part);
                return false;
            }
            links.add(work.made().status(), work.linked(), work.content(), true, path, name);
            return true;
        } catch (FileAlreadyExistsException e) {
            host.deleteFile(part);
            return false;
        } catch (IOException e) {
            removePart(host, part, e);
            throw e;
        }
    }

    /** Whether the same file has another name on the host already, as it is to be here. */
    private boolean isPartLinked(Directory host, FileName part, Work work, FileStat like, int mode) throws IOException {
        if (work.linked() == null) {
            return false;
        }
        HardLinks.Place place = work.linked().place();
        try (Directory directory = place.open(top);
                Node there = directory.node(place.name())) {
            FileStat status = there.status();
            if (status.uid() == like.uid()
                    && status.gid() == like.gid()
                    && status.mode() == mode
                    && contentOf(there).equals(Optional.of(work.content()))
                    && isLinked(host, part, there)) {
                return true;
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            // Moved or replaced on the host meanwhile.
            links.separate();
            return false;
        }
        links.separate();
        return false;
    }

    private void writePart(Directory host, FileName part, Work work, FileStat like, int mode) throws IOException {
        try (NewFile file = part(host, part)) {
            content.copy(work.made(), file);
            FileStat own = file.status();
            if (own.uid() != like.uid() || own.gid() != like.gid()) {
                file.setOwner(like.uid(), like.gid());
            }
            file.setMode(mode);
            file.setModified(work.made().status().modified());
        }
    }

    private FileName part() {
        return FileName.of(".nucleus-" + tag + ".part");
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
    private void beside(Directory host, FileName name, Work work) throws IOException {
        conflicts.add(() -> path.of(name));
        for (int i = 0; i < NAMES_TRIED; i++) {
            FileName other = besideName(name, i == 0 ? ".from-" + tag : ".from-" + tag + "-" + i);
            try (Node there = find(host, other)) {
                // Brought back before by a manager that was killed.
                if (contentOf(there).equals(Optional.of(work.content()))
                        || there == null && isWritten(host, other, work, null)) {
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
