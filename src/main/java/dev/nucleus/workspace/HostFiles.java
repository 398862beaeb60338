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
 * Files that are written on the host as a container has them: beside their place and moved there when they are whole, with
 * the owner and the mode of what they replace, or of the directory that they are new in.
 */
final class HostFiles {

    private static final int NEW_FILE_MODE = 0644;
    private static final int EXECUTABLE = 0111;
    private static final int OWNER_EXECUTABLE = 0100;
    private static final int PERMISSIONS = 0777;


    /**
     * In the place of what is not read, because the host's files together are longer than the limit: different from
     * whatever the container has.
     */
    private static final Content TOO_LONG = new Content("", false);

    private final Directory top;
    private final FileName part;
    private final TreeSize size;
    private final FileContent content;
    private final HardLinks links;
    private final TreePath path;

    /**
     * @param top of the host's side
     * @param tag names the container, for a file that is not whole yet
     * @param size of what is read there
     * @param path of the directory that is walked
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
     * A file of the container's.
     *
     * @param linked another name of the same, which was met before; null: none was, or it has no other
     */
    record Work(Node made, Content content, HardLinks.@Nullable Linked linked) {}

    static @Nullable Node find(Directory host, FileName name) throws IOException {
        return host.find(name).orElse(null);
    }

    /** Of a file of the host's. Empty: it is no regular file. */
    Optional<Content> contentOf(@Nullable Node file) throws IOException {
        if (file == null || !file.status().isRegularFile()) {
            return Optional.empty();
        }
        return Optional.of(size.takes(file.status()) ? content.digest(file) : TOO_LONG);
    }

    /**
     * Written beside its place and moved there, so that whoever reads it gets one or the other.
     *
     * @param replaced null: what is new takes the place of nothing
     * @return false when the host's changed meanwhile
     */
    boolean isWritten(Directory host, FileName name, Work work, @Nullable Node replaced) throws IOException {
        FileStat like = replaced == null ? host.status() : replaced.status();
        int mode =
                mode(replaced == null ? NEW_FILE_MODE : like.mode(), work.made().status());
        try {
            if (!isPartLinked(host, work, like, mode)) {
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
        } catch (IOException e) {
            removePart(host, e);
            throw e;
        }
    }

    /** Whether the same file has another name on the host already, as it is to be here. */
    private boolean isPartLinked(Directory host, Work work, FileStat like, int mode) throws IOException {
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
                    && isPartNameOf(host, there)) {
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

    private void removePart(Directory host, IOException why) {
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

    /**
     * A name that has on the host what it has in the copy. Names that were met before and written are given the host's
     * file now, as the container gave them this one: link(2) from a new name to an old one looks no different.
     */
    void keepLinks(Directory host, FileName name, Work work) throws IOException {
        HardLinks.Linked linked = work.linked();
        if (linked == null || !linked.isWritten()) {
            links.add(work.made().status(), linked, work.content(), false, path, name);
            return;
        }
        try (Node there = find(host, name)) {
            for (HardLinks.Place place : linked.places()) {
                if (there == null || !isReplaced(place, there, work.content())) {
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
        if (!isPartNameOf(directory, by)) {
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

    /** Whether it is as accessible as the other. */
    private static boolean isAlike(Node one, FileStat other) {
        FileStat status = one.status();
        return status.uid() == other.uid() && status.gid() == other.gid() && status.mode() == other.mode();
    }

    /** A second name of a file of the host's; false: it can't have one there. */
    private boolean isPartNameOf(Directory host, Node file) throws IOException {
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
}
