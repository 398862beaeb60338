package dev.nucleus.rootfs;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.Node;
import dev.nucleus.kernel.TrustedPath;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The identity of a root filesystem, which distinguishes it from another one at the same path later: device and inode
 * of its directory and of the directory's entries, which is what gets mounted.
 *
 * @param device as {@code st_dev} of stat(2)
 * @param entries the entries of the directory, sorted by name
 */
public record RootfsTree(long device, long inode, List<Entry> entries) {

    /** A root filesystem has some twenty; anyone who may write to one could create any number. */
    private static final int MAX_ENTRIES = 10_000;

    public RootfsTree {
        entries = List.copyOf(entries);
    }

    /**
     * An entry of the directory.
     *
     * @param linkTarget the target of a symbolic link; otherwise empty
     */
    public record Entry(String name, FileStat.Type type, long device, long inode, String linkTarget) {

        static Entry of(Directory top, FileName name) throws IOException {
            try (Node node = top.node(name)) {
                FileStat status = node.status();
                return new Entry(
                        RootfsManifest.text(name.bytes()),
                        status.type(),
                        status.device(),
                        status.inode(),
                        status.isSymbolicLink() ? RootfsManifest.text(node.linkTarget()) : "");
            }
        }
    }

    /**
     * Identifies a root filesystem that needs no attestation. Links in its path are followed only if root or the
     * manager's own user made them.
     *
     * @throws RootfsException if it can't be read, or its path leads through another user's link
     */
    public static RootfsTree of(Path rootfs) {
        try (TrustedPath opened = TrustedPath.open(rootfs);
                Directory top = opened.openDirectory()) {
            return of(top);
        } catch (NoSuchFileException e) {
            throw new RootfsException("the rootfs " + rootfs + " does not exist: no " + e.getFile(), e);
        } catch (IOException e) {
            throw new RootfsException("the rootfs " + rootfs + " can't be listed: " + e.getMessage(), e);
        }
    }

    static RootfsTree of(Directory top) throws IOException {
        var entries = new ArrayList<Entry>();
        try (Directory.Listing names = top.list()) {
            for (FileName name = names.next(); name != null; name = names.next()) {
                if (entries.size() == MAX_ENTRIES) {
                    throw new RootfsException("the rootfs " + top + " has more than " + MAX_ENTRIES + " entries");
                }
                entries.add(Entry.of(top, name));
            }
        }
        return of(top.status(), entries);
    }

    static RootfsTree of(FileStat top, List<Entry> entries) {
        return new RootfsTree(
                top.device(),
                top.inode(),
                entries.stream().sorted(Comparator.comparing(Entry::name)).toList());
    }
}
