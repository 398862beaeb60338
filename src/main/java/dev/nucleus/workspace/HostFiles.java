package dev.nucleus.workspace;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.NewFile;
import dev.nucleus.kernel.Node;
import dev.nucleus.workspace.TreeManifest.Content;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes a container's files to the host: under a temporary name first, and renamed when they are complete. A file
 * keeps the owner and mode of the one that it replaces; a new one gets the owner of its directory.
 */
final class HostFiles {

    private static final int NEW_FILE_MODE = 0644;
    private static final int EXECUTABLE = 0111;
    private static final int OWNER_EXECUTABLE = 0100;
    private static final int PERMISSIONS = 0777;

    /**
     * Stands for a file that is not read because the host's files exceed the limit in total: equals no content of a
     * container's file.
     */
    private static final Content TOO_LONG = new Content("", false);

    private final Directory top;
    private final FileName part;
    private final TreeSize size;
    private final FileContent content;
    private final HardLinks links;
    private final TreePath path;

    /**
     * @param top the top of the host's tree
     * @param tag names the container, in the names of incomplete files
     * @param size counts what is read on the host
     * @param path the position of the walk
     */
    HostFiles(Directory top, String tag, TreeSize size, FileContent content, HardLinks links, TreePath path) {
        this.top = top;
        this.part = FileName.of(".nucleus-" + tag + ".part");
        this.size = size;
        this.content = content;
        this.links = links;
        this.path = path;
    }

    /**
     * A file of the container.
     *
     * @param linked another name of the same file that was met before; null if there is none
     */
    record Work(Node made, Content content, HardLinks.@Nullable Linked linked) {}

    static @Nullable Node find(Directory host, FileName name) throws IOException {
        return host.find(name).orElse(null);
    }

    /** The content of a file on the host; empty if it is not a regular file. */
    Optional<Content> contentOf(@Nullable Node file) throws IOException {
        if (file == null || !file.status().isRegularFile()) {
            return Optional.empty();
        }
        return Optional.of(size.takes(file.status()) ? content.digest(file) : TOO_LONG);
    }

    /**
     * Writes the file under a temporary name and renames it, so that readers see either the old or the new content.
     *
     * @param replaced the file to replace; null for a new one
     * @return false if the host's file changed meanwhile
     */
    boolean write(Directory host, FileName name, Work work, @Nullable Node replaced) throws IOException {
        FileStat like = replaced == null ? host.status() : replaced.status();
        int mode =
                mode(replaced == null ? NEW_FILE_MODE : like.mode(), work.made().status());
        try {
            if (!linkPart(host, work, like, mode)) {
                writePart(host, work, like, mode);
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
        } catch (IOException | RuntimeException e) {
            removePart(host, e);
            throw e;
        }
    }

    /**
     * Whether the part is now a link to another name of the same file on the host, with the right owner, mode and
     * content.
     */
    private boolean linkPart(Directory host, Work work, FileStat like, int mode) throws IOException {
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
                    && linkPartTo(host, there)) {
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

    private void writePart(Directory host, Work work, FileStat like, int mode) throws IOException {
        try (NewFile file = createPart(host)) {
            content.copy(work.made(), file);
            FileStat own = file.status();
            if (own.uid() != like.uid() || own.gid() != like.gid()) {
                file.setOwner(like.uid(), like.gid());
            }
            file.setMode(mode);
            file.setModified(work.made().status().modified());
        }
    }

    /** A manager that was killed may have left one. */
    private NewFile createPart(Directory host) throws IOException {
        try {
            return host.createFile(part);
        } catch (FileAlreadyExistsException e) {
            host.deleteFile(part);
            return host.createFile(part);
        }
    }

    private void removePart(Directory host, Exception why) {
        try {
            host.deleteFile(part);
        } catch (NoSuchFileException e) {
            // It was not created, or has been renamed.
            return;
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    /** The permissions of the host's file, with the execute permission of the container's. */
    private static int mode(int like, FileStat made) {
        int mode = like & PERMISSIONS;
        return made.isExecutableByOwner() ? mode | OWNER_EXECUTABLE : mode & ~EXECUTABLE;
    }

    /**
     * Handles a name whose content on the host is that of the copy. If this walk wrote other names of the same file,
     * they become links to the host's file, as in the container: this is also how a link(2) from a new name to an old
     * one appears.
     */
    void keepLinks(Directory host, FileName name, Work work) throws IOException {
        HardLinks.Linked linked = work.linked();
        if (linked == null || !linked.isWritten()) {
            links.add(work.made().status(), linked, work.content(), false, path, name);
            return;
        }
        try (Node there = find(host, name)) {
            for (HardLinks.Place place : linked.places()) {
                if (there == null || !replace(place, there, work.content())) {
                    links.separate();
                }
            }
        }
        links.settle(linked, path, name);
    }

    /** Replaces a file that this walk wrote with a link to one that was on the host; false if either has changed. */
    private boolean replace(HardLinks.Place place, Node by, Content work) throws IOException {
        try (Directory directory = place.open(top);
                Node there = directory.node(place.name())) {
            return there.status().isSameFile(by.status())
                    || isAlike(there, by.status())
                            && contentOf(there).equals(Optional.of(work))
                            && contentOf(by).equals(Optional.of(work))
                            && replace(directory, place.name(), there, by);
        } catch (NoSuchFileException | NotDirectoryException e) {
            // Moved or replaced on the host meanwhile.
            return false;
        }
    }

    private boolean replace(Directory directory, FileName name, Node there, Node by) throws IOException {
        if (!linkPartTo(directory, by)) {
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
            removePart(directory, e);
            throw e;
        }
    }

    /** Whether both have the same owner and mode. */
    private static boolean isAlike(Node one, FileStat other) {
        FileStat status = one.status();
        return status.uid() == other.uid() && status.gid() == other.gid() && status.mode() == other.mode();
    }

    /** Links the part to a file of the host; false if that is not possible. */
    private boolean linkPartTo(Directory host, Node file) throws IOException {
        try {
            // A manager that was killed may have left one.
            if (host.status(part).isPresent()) {
                host.deleteFile(part);
            }
            host.link(file, part);
            return true;
        } catch (FileSystemException e) {
            // Too many links (EMLINK), another file system (EXDEV), or another user's file (EPERM).
            return false;
        }
    }
}
