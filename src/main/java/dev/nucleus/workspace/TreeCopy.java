package dev.nucleus.workspace;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.NewFile;
import dev.nucleus.kernel.Node;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Copies a directory for a container, and verifies that the copy matches the source. */
public final class TreeCopy {

    private static final int DIRECTORY_MODE = 0755;
    private static final int FILE_MODE = 0644;
    private static final int PROGRAM_MODE = 0755;

    private final SourceDirectory source;
    private final TreeLimits limits;
    private final NameSorter sorter;
    private final Directory target;
    private final CopyProgress progress;
    private final FileContent content;
    private final TreePath path = new TreePath();
    private final HardLinks links = new HardLinks();
    private final Tally<SkippedFile> skipped = new Tally<>();

    private TreeCopy(
            SourceDirectory source, Directory target, TreeLimits limits, NameSorter sorter, CopyProgress progress) {
        this.source = source;
        this.target = target;
        this.limits = limits;
        this.sorter = sorter;
        this.progress = progress;
        this.content = new FileContent(progress);
    }

    /**
     * The result of a copy.
     *
     * @param manifest the content of both sides
     * @param skipped what was not copied: links, special files, and {@linkplain CopyExclusions excluded names}
     * @param separated number of hard links (link(2)) that became separate files
     * @param files number of copied files and directories
     * @param bytes total length of the copied files
     */
    public record Copied(TreeManifest manifest, Tally<SkippedFile> skipped, long separated, long files, long bytes) {

        /** Whether the copy differs from the source. */
        public boolean isPartial() {
            return !skipped.isEmpty() || separated > 0;
        }

        /** A one-line summary for the user. */
        public String summary() {
            return CopyProgress.amount(files, bytes) + " copied"
                    + (skipped.isEmpty()
                            ? ""
                            : "; " + skipped.count() + " left out: "
                                    + skipped.words(SkippedFile.SHOWN, SkippedFile::words))
                    + (separated == 0 ? "" : "; " + separated + " hard links became separate files");
        }
    }

    /** Same as {@link #copy(SourceDirectory, Path, Path, TreeLimits, CopyProgress)}, without progress reports. */
    static Copied copy(SourceDirectory source, Path target, Path manifest, TreeLimits limits) {
        return copy(source, target, manifest, limits, CopyProgress.none());
    }

    /**
     * Copies directories and regular files, except excluded names. Holes, hard links and modification times are
     * preserved.
     *
     * @param target must not exist; its parent belongs to the manager
     * @param manifest the file that records what was copied; must not exist
     * @throws WorkspaceException if the source can't be read, is too large, or changed during the copy
     */
    public static Copied copy(
            SourceDirectory source, Path target, Path manifest, TreeLimits limits, CopyProgress progress) {
        try (NameSorter sorter =
                new NameSorter(Objects.requireNonNull(manifest.toAbsolutePath().getParent()))) {
            Files.createDirectory(target);
            try (Directory copy = Directory.open(target)) {
                return new TreeCopy(source, copy, limits, sorter, progress).copy(manifest);
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            throw changed(source, e);
        } catch (IOException e) {
            throw new WorkspaceException("can't copy " + source + ": " + e.getMessage(), e);
        }
    }

    private static WorkspaceException changed(SourceDirectory source, @Nullable Exception e) {
        String message = source + " changed while it was copied; nothing was started, retry when nothing writes to it";
        return e == null ? new WorkspaceException(message) : new WorkspaceException(message, e);
    }

    private Copied copy(Path file) throws IOException {
        TreeManifest manifest;
        progress.begin("copying");
        try (TreeManifest.Recorder recorder = new TreeManifest.Recorder(file)) {
            copy(source.directory(), target, recorder, new TreeSize(source.toString(), limits));
            manifest = recorder.finish();
        }
        long files = progress.files();
        long bytes = progress.bytes();
        for (Directory side : new Directory[] {target, source.directory()}) {
            progress.begin("comparing the copy");
            try (TreeManifest.Cursor cursor = manifest.read()) {
                if (!contains(side, cursor, new TreeSize(side.toString(), limits))) {
                    throw changed(source, null);
                }
            }
        }
        return new Copied(manifest, skipped, links.separated(), files, bytes);
    }

    private void copy(Directory from, Directory to, TreeManifest.Recorder recorder, TreeSize size) throws IOException {
        Instant modified = from.status().modified();
        to.setMode(DIRECTORY_MODE);
        try (NameSorter.Names names = sorter.sort(from, size)) {
            for (FileName name = names.next(); name != null; name = names.next()) {
                if (CopyExclusions.isExcluded(name.toString())) {
                    skip(name, "excluded by name");
                    continue;
                }
                try (Node node = from.node(name)) {
                    progress.file();
                    switch (node.status().type()) {
                        case DIRECTORY -> {
                            recorder.enter(name);
                            size.enter(path);
                            path.enter(name);
                            to.createDirectory(name);
                            try (Directory inner = node.openDirectory();
                                    Directory copy = to.openDirectory(name)) {
                                copy(inner, copy, recorder, size);
                            }
                            path.leave();
                        }
                        case REGULAR_FILE -> {
                            size.count(node.status());
                            recorder.file(name, copyFile(node, to, name));
                        }
                        case SYMBOLIC_LINK -> skip(name, "a link");
                        case FIFO, SOCKET, DEVICE -> skip(name, "a special file");
                    }
                }
            }
        }
        to.setModified(modified);
        recorder.leave();
    }

    private void skip(FileName name, String why) {
        skipped.add(() -> new SkippedFile(path.of(name), why));
    }

    private TreeManifest.Content copyFile(Node file, Directory to, FileName name) throws IOException {
        HardLinks.Linked known = links.next(file.status());
        if (known != null) {
            if (isLinked(known.place(), to, name)) {
                return known.content();
            }
            links.separate();
        }
        TreeManifest.Content written;
        try (NewFile copy = to.createFile(name)) {
            written = content.copy(file, copy);
            copy.setMode(written.executable() ? PROGRAM_MODE : FILE_MODE);
            copy.setModified(file.status().modified());
        }
        if (known == null) {
            links.add(file.status(), null, written, true, path, name);
        }
        return written;
    }

    private boolean isLinked(HardLinks.Place place, Directory to, FileName name) throws IOException {
        try (Directory directory = place.open(target);
                Node there = directory.node(place.name())) {
            to.link(there, name);
            return true;
        } catch (FileSystemException e) {
            // The file can't have more links (EMLINK), or the file system has no hard links.
            return false;
        }
    }

    /** Whether a directory contains what the manifest records, and nothing else that would be copied. */
    private boolean contains(Directory directory, TreeManifest.Cursor recorded, TreeSize size) throws IOException {
        try (NameSorter.Names names = sorter.sort(directory, size)) {
            for (FileName name = names.next(); name != null; name = names.next()) {
                if (!CopyExclusions.isExcluded(name.toString()) && !isRecorded(directory, name, recorded, size)) {
                    return false;
                }
            }
        }
        return recorded.take() instanceof TreeManifest.Item.End;
    }

    private boolean isRecorded(Directory directory, FileName name, TreeManifest.Cursor recorded, TreeSize size)
            throws IOException {
        try (Node node = directory.node(name)) {
            progress.file();
            return switch (node.status().type()) {
                case DIRECTORY -> {
                    if (!recorded.take().equals(new TreeManifest.Item.DirectoryEntry(name))) {
                        yield false;
                    }
                    size.enter(path);
                    path.enter(name);
                    try (Directory inner = node.openDirectory()) {
                        yield contains(inner, recorded, size);
                    } finally {
                        path.leave();
                    }
                }
                case REGULAR_FILE -> {
                    // It may have grown without bound since it was copied.
                    size.count(node.status());
                    yield recorded.take().equals(new TreeManifest.Item.FileEntry(name, content.digest(node)));
                }
                case SYMBOLIC_LINK, FIFO, SOCKET, DEVICE -> true;
            };
        }
    }

    /**
     * @throws WorkspaceException naming a link or special file in the directory, which a bound context must not contain
     */
    public static void refuseLinks(SourceDirectory source) {
        try {
            refuseLinks(
                    source, source.directory(), new TreePath(), new TreeSize(source.toString(), TreeLimits.DEPTH_ONLY));
        } catch (IOException e) {
            throw new WorkspaceException("can't read " + source + ": " + e.getMessage(), e);
        }
    }

    private static void refuseLinks(SourceDirectory source, Directory directory, TreePath path, TreeSize size)
            throws IOException {
        try (Directory.Listing names = directory.list()) {
            for (FileName name = names.next(); name != null; name = names.next()) {
                if (CopyExclusions.isExcluded(name.toString())) {
                    continue;
                }
                try (Node node = directory.node(name)) {
                    switch (node.status().type()) {
                        case DIRECTORY -> {
                            size.enter(path);
                            path.enter(name);
                            try (Directory inner = node.openDirectory()) {
                                refuseLinks(source, inner, path, size);
                            }
                            path.leave();
                        }
                        case REGULAR_FILE -> {}
                        case SYMBOLIC_LINK -> throw refused(source, path.of(name), "a link");
                        case FIFO, SOCKET, DEVICE -> throw refused(source, path.of(name), "a special file");
                    }
                }
            }
        }
    }

    private static WorkspaceException refused(SourceDirectory source, String path, String what) {
        return new WorkspaceException(source + "/" + path + " is " + what
                + ", which a bound directory must not contain; copy the directory instead");
    }
}
