package dev.nucleus.kernel;

import dev.nucleus.text.ArgumentText;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A directory held open by a descriptor. Its entries are accessed by a single name without '/', and links are never
 * followed: an attacker who can rename the directories above it, or put links there, can't change which files are
 * accessed. (With a single name, openat(2) with O_NOFOLLOW is as strict as openat2(2) with RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS.)
 */
public final class Directory implements AutoCloseable {

    private static final int AT_REMOVEDIR = 0x200;
    private static final int RENAME_NOREPLACE = 1;
    private static final int AT_SYMLINK_FOLLOW = 0x400;
    private static final int LISTING_BYTES = 1 << 15;
    private static final byte[] HERE = {'.', 0};

    private final Descriptor descriptor;
    private final String label;

    /** @param label names it in errors */
    Directory(Descriptor descriptor, String label) {
        this.descriptor = descriptor;
        this.label = label;
    }

    /** Opens a directory of the manager's own, by a path whose last component must not be a link. */
    public static Directory open(Path path) throws IOException {
        return new Directory(
                Descriptor.open(
                        Descriptor.AT_FDCWD,
                        FileName.terminated(ArgumentText.encode(path.toString())),
                        Descriptor.O_RDONLY | Descriptor.O_DIRECTORY | Descriptor.O_NOFOLLOW,
                        0,
                        path.toString()),
                path.toString());
    }

    /** The charset in which the JDK encodes path names. */
    static Charset pathEncoding() {
        return Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
    }

    /**
     * Whether this tree, including mounts below it, and another directory have files in common, under any names: a
     * different mount of the same directory makes no difference.
     */
    public boolean overlaps(Directory other) throws IOException {
        MountTable table = MountTable.of(this, other);
        return table.overlap(table.place(this), table.place(other));
    }

    /** Its descriptor number in this process, valid while this is open. */
    public int descriptor() {
        return descriptor.number();
    }

    /** A path of this process that leads to this very directory, even if its name now leads elsewhere. */
    public Path path() {
        return descriptor.path();
    }

    public FileStat status() throws IOException {
        return FileStat.of(descriptor.number(), label);
    }

    /** The status of an entry; empty: there is none by that name. */
    public Optional<FileStat> status(FileName name) throws IOException {
        return Optional.ofNullable(FileStat.of(descriptor.number(), name, label(name)));
    }

    /** Opens the entry of that name, whatever its type, without reading or following it. */
    public Node node(FileName name) throws IOException {
        return Node.open(descriptor.number(), name.terminated(), label(name));
    }

    /** Like {@link #node}; empty: there is no entry by that name. */
    public Optional<Node> find(FileName name) throws IOException {
        try {
            return Optional.of(node(name));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /**
     * Opens a subdirectory.
     *
     * @throws java.nio.file.NotDirectoryException when the entry is not a directory, even if it is a link to one
     */
    public Directory openDirectory(FileName name) throws IOException {
        return new Directory(
                Descriptor.open(
                        descriptor.number(),
                        name.terminated(),
                        Descriptor.O_RDONLY | Descriptor.O_DIRECTORY | Descriptor.O_NOFOLLOW,
                        0,
                        label(name)),
                label(name));
    }

    /** Opens another descriptor of the same directory. */
    public Directory duplicate() throws IOException {
        return new Directory(
                Descriptor.open(descriptor.number(), HERE, Descriptor.O_RDONLY | Descriptor.O_DIRECTORY, 0, label),
                label);
    }

    /**
     * Creates a regular file for writing, mode 0600 or less.
     *
     * @throws java.nio.file.FileAlreadyExistsException when an entry of that name exists
     */
    public NewFile createFile(FileName name) throws IOException {
        return new NewFile(
                Descriptor.open(
                        descriptor.number(),
                        name.terminated(),
                        Descriptor.O_RDWR | Descriptor.O_CREAT | Descriptor.O_EXCL | Descriptor.O_NOFOLLOW,
                        0600,
                        label(name)),
                label(name));
    }

    /**
     * Creates a directory, mode 0700 or less.
     *
     * @throws java.nio.file.FileAlreadyExistsException when an entry of that name exists
     */
    public void createDirectory(FileName name) throws IOException {
        SystemCall.check(label(name), () -> Libc.INSTANCE.mkdirat(descriptor.number(), name.terminated(), 0700));
    }

    /**
     * Creates a symbolic link.
     *
     * @param target one character per byte, as {@link Node#linkTarget} returns it
     * @throws java.nio.file.FileAlreadyExistsException when an entry of that name exists
     */
    public void createSymbolicLink(FileName name, String target) throws IOException {
        byte[] leadsTo = FileName.terminated(target.getBytes(StandardCharsets.ISO_8859_1));
        SystemCall.check(label(name), () -> Libc.INSTANCE.symlinkat(leadsTo, descriptor.number(), name.terminated()));
    }

    /**
     * Opens a path as a process would whose root is this directory: no link leads out of it, and magic links of {@code
     * /proc} are not followed (openat2(2), RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS).
     *
     * @param path relative
     * @throws java.nio.file.NoSuchFileException when it doesn't exist
     */
    public Node nodeInRoot(String path) throws IOException {
        return Node.openInRoot(descriptor.number(), FileName.terminated(ArgumentText.encode(path)), label + "/" + path);
    }

    /** Moves an entry of this directory to another one, replacing an existing entry of the new name. */
    public void rename(FileName name, Directory to, FileName newName) throws IOException {
        SystemCall.check(
                label(name),
                () -> Libc.INSTANCE.renameat2(
                        descriptor.number(), name.terminated(), to.descriptor.number(), newName.terminated(), 0));
    }

    /**
     * Like {@link #rename}, but replaces nothing. Where the file system can't guarantee that, the name is looked up
     * first.
     *
     * @throws java.nio.file.FileAlreadyExistsException when an entry of the new name exists
     */
    public void renameToNew(FileName name, Directory to, FileName newName) throws IOException {
        long result = SystemCall.result(() -> Libc.INSTANCE.renameat2(
                descriptor.number(),
                name.terminated(),
                to.descriptor.number(),
                newName.terminated(),
                RENAME_NOREPLACE));
        if (result == -SystemCall.EINVAL) {
            if (to.status(newName).isPresent()) {
                throw new FileAlreadyExistsException(to.label(newName));
            }
            rename(name, to, newName);
        } else if (result < 0) {
            throw SystemCall.failure(to.label(newName), (int) -result);
        }
    }

    /**
     * Creates a hard link to an open file in this directory.
     *
     * @throws java.nio.file.FileAlreadyExistsException when an entry of that name exists
     * @throws java.nio.file.FileSystemException when the file is on another file system, has the maximum number of
     *     links, or may not be linked by this user (proc_sys_fs(5), protected_hardlinks)
     */
    public void link(Node file, FileName name) throws IOException {
        // By the descriptor, because another file may have its name by now (open(2), O_PATH).
        byte[] path = FileName.terminated(file.path().toString().getBytes(pathEncoding()));
        SystemCall.check(
                label(name),
                () -> Libc.INSTANCE.linkat(
                        Descriptor.AT_FDCWD, path, descriptor.number(), name.terminated(), AT_SYMLINK_FOLLOW));
    }

    /** Deletes an entry that is not a directory. */
    public void deleteFile(FileName name) throws IOException {
        SystemCall.check(label(name), () -> Libc.INSTANCE.unlinkat(descriptor.number(), name.terminated(), 0));
    }

    /** @throws java.nio.file.DirectoryNotEmptyException when it is not empty */
    public void deleteDirectory(FileName name) throws IOException {
        SystemCall.check(
                label(name), () -> Libc.INSTANCE.unlinkat(descriptor.number(), name.terminated(), AT_REMOVEDIR));
    }

    public void setOwner(int uid, int gid) throws IOException {
        SystemCall.check(label, () -> Libc.INSTANCE.fchown(descriptor.number(), uid, gid));
    }

    /** @param mode of chmod(2) */
    public void setMode(int mode) throws IOException {
        SystemCall.check(label, () -> Libc.INSTANCE.fchmod(descriptor.number(), mode));
    }

    /** @param modified the time of the last change of its entries, which the next such change overwrites */
    public void setModified(Instant modified) throws IOException {
        FileTimes.setModified(descriptor, modified, label);
    }

    /** Lists the names of its entries from the first, in no order and without keeping them. */
    public Listing list() throws IOException {
        return new Listing(duplicate());
    }

    private String label(FileName name) {
        return child(label, name);
    }

    /** The label of an entry. Only the end of a long path is kept, which says most. */
    static String child(String label, FileName name) {
        String parent = label.length() > 300 ? "…" + label.substring(label.length() - 200) : label;
        return parent.endsWith("/") ? parent + name : parent + "/" + name;
    }

    @Override
    public void close() {
        descriptor.close();
    }

    @Override
    public String toString() {
        return label;
    }

    /** The names in a directory, one after another, in a fixed amount of memory however many there are. */
    public static final class Listing implements AutoCloseable {

        private final Directory directory;
        private final byte[] buffer = new byte[LISTING_BYTES];
        private ByteBuffer records = ByteBuffer.allocate(0);

        private Listing(Directory directory) {
            this.directory = directory;
        }

        /** The next name; null: there are no more. */
        public @Nullable FileName next() throws IOException {
            while (true) {
                if (!records.hasRemaining() && !fill()) {
                    return null;
                }
                int start = records.position();
                int length = records.getShort(start + 16) & 0xffff;
                records.position(start + length);
                // d_name of struct linux_dirent64 (getdents(2)) ends with a zero byte, followed by padding.
                int first = start + 19;
                int end = first;
                while (buffer[end] != 0) {
                    end++;
                }
                String name = new String(Arrays.copyOfRange(buffer, first, end), StandardCharsets.ISO_8859_1);
                if (!name.equals(".") && !name.equals("..")) {
                    return new FileName(name);
                }
            }
        }

        private boolean fill() throws IOException {
            long read = SystemCall.check(
                    directory.label,
                    () -> Libc.INSTANCE.getdents64(directory.descriptor.number(), buffer, buffer.length));
            records = ByteBuffer.wrap(buffer, 0, (int) read).order(ByteOrder.nativeOrder());
            return read > 0;
        }

        @Override
        public void close() {
            directory.close();
        }
    }
}
