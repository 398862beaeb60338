package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The result of statx(2) for a file itself, never for the target of a link.
 *
 * @param mode permissions with the set-user-ID, set-group-ID and sticky bits, without the type (inode(7))
 * @param device the file system it is on, as {@code st_dev} of stat(2)
 * @param inode its inode number
 * @param links number of hard links
 * @param size bytes
 * @param modified the time of the last change of content, which its owner may set to any value
 * @param changed the time of the last change of content, mode, owner or name, which can't be set back
 */
public record FileStat(
        Type type,
        int mode,
        int uid,
        int gid,
        long device,
        long inode,
        int links,
        long size,
        Instant modified,
        Instant changed) {

    private static final int STICKY = 01000;
    private static final int WRITABLE_BY_OTHERS = 022;

    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_NO_AUTOMOUNT = 0x800;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BASIC_STATS = 0x7ff;
    private static final int LENGTH = 256;
    private static final byte[] ITSELF = {0};

    /** The type of a file. */
    public enum Type {
        DIRECTORY("a directory"),
        REGULAR_FILE("a regular file"),
        SYMBOLIC_LINK("a symbolic link"),
        FIFO("a named pipe"),
        SOCKET("a socket"),
        DEVICE("a device");

        private final String words;

        Type(String words) {
            this.words = words;
        }

        /** The type with its article, for messages. */
        public String words() {
            return words;
        }

        private static Type of(int mode) {
            return switch (mode & 0170000) {
                case 0040000 -> DIRECTORY;
                case 0100000 -> REGULAR_FILE;
                case 0120000 -> SYMBOLIC_LINK;
                case 0010000 -> FIFO;
                case 0140000 -> SOCKET;
                default -> DEVICE;
            };
        }
    }

    static FileStat of(int descriptor, String label) throws IOException {
        byte[] buffer = new byte[LENGTH];
        SystemCall.check(
                label,
                () -> Libc.INSTANCE.statx(
                        descriptor, ITSELF, AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, buffer));
        return read(buffer);
    }

    /** @return null: there is no entry by that name */
    static @Nullable FileStat of(int directory, FileName name, String label) throws IOException {
        byte[] buffer = new byte[LENGTH];
        byte[] path = name.terminated();
        long result = SystemCall.result(() ->
                Libc.INSTANCE.statx(directory, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, buffer));
        if (SystemCall.isAbsent(result)) {
            return null;
        }
        if (result < 0) {
            throw SystemCall.failure(label, (int) -result);
        }
        return read(buffer);
    }

    private static FileStat read(byte[] buffer) {
        ByteBuffer stat = ByteBuffer.wrap(buffer).order(ByteOrder.nativeOrder());
        int mode = stat.getShort(28) & 0xffff;
        return new FileStat(
                Type.of(mode),
                mode & 07777,
                stat.getInt(20),
                stat.getInt(24),
                device(stat.getInt(136) & 0xffffffffL, stat.getInt(140) & 0xffffffffL),
                stat.getLong(32),
                stat.getInt(16),
                stat.getLong(40),
                instant(stat.getLong(112), stat.getInt(120)),
                instant(stat.getLong(96), stat.getInt(104)));
    }

    /** An owner may set any 64-bit number of seconds, if the file system stores it (utimensat(2)). */
    private static Instant instant(long seconds, int nanos) {
        return seconds < Instant.MIN.getEpochSecond()
                ? Instant.MIN
                : seconds > Instant.MAX.getEpochSecond() ? Instant.MAX : Instant.ofEpochSecond(seconds, nanos);
    }

    /** Combines the two numbers as makedev(3) does. */
    private static long device(long major, long minor) {
        return (major & 0xfffff000L) << 32 | (major & 0xfffL) << 8 | (minor & 0xffffff00L) << 12 | minor & 0xffL;
    }

    public boolean isDirectory() {
        return type == Type.DIRECTORY;
    }

    public boolean isRegularFile() {
        return type == Type.REGULAR_FILE;
    }

    public boolean isSymbolicLink() {
        return type == Type.SYMBOLIC_LINK;
    }

    /** Whether it is the same file: while one of the two is held open, no other file gets its inode number. */
    public boolean isSameFile(FileStat other) {
        return device == other.device && inode == other.inode;
    }

    /** Whether the permissions let the group or all others write; those of a link have no meaning. */
    public boolean isWritableByOthers() {
        return !isSymbolicLink() && (mode & WRITABLE_BY_OTHERS) != 0;
    }

    /** Whether only an entry's owner may rename or delete it, besides the directory's owner. */
    public boolean isSticky() {
        return isDirectory() && (mode & STICKY) != 0;
    }

    public boolean isExecutableByOwner() {
        return (mode & 0100) != 0;
    }
}
