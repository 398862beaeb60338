package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** An open descriptor of this process, close-on-exec; closed at most once. */
final class Descriptor implements AutoCloseable {

    static final int AT_FDCWD = -100;

    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0100;
    static final int O_EXCL = 0200;
    static final int O_NONBLOCK = 04000;
    static final int O_DIRECTORY = 0200000;
    static final int O_NOFOLLOW = 0400000;
    static final int O_CLOEXEC = 02000000;
    static final int O_PATH = 010000000;

    private static final int CLOSED = -1;

    private static final long OPENAT2 = 437;
    private static final int OPEN_HOW_SIZE = 24;
    private static final long RESOLVE_NO_MAGICLINKS = 0x02;
    private static final long RESOLVE_IN_ROOT = 0x10;
    private static final int RESOLVE_ATTEMPTS = 32;

    private final AtomicInteger number;

    private Descriptor(int number) {
        this.number = new AtomicInteger(number);
    }

    /** @param path ends with a zero byte */
    static Descriptor open(int directory, byte[] path, int flags, int mode, String label) throws IOException {
        return new Descriptor(
                (int) SystemCall.check(label, () -> Libc.INSTANCE.openat(directory, path, flags | O_CLOEXEC, mode)));
    }

    /**
     * Opens a path as a process would whose root is the given directory.
     *
     * @param path ends with a zero byte
     */
    static Descriptor openInRoot(int root, byte[] path, int flags, String label) throws IOException {
        ByteBuffer how = ByteBuffer.allocate(OPEN_HOW_SIZE).order(ByteOrder.nativeOrder());
        how.putLong(flags | O_CLOEXEC).putLong(0).putLong(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
        long result = -SystemCall.EAGAIN;
        // EAGAIN: something was renamed meanwhile, and ".." might have led out of the root.
        for (int attempt = 0; attempt < RESOLVE_ATTEMPTS && result == -SystemCall.EAGAIN; attempt++) {
            result = SystemCall.result(() -> Libc.INSTANCE.syscall(OPENAT2, root, path, how.array(), OPEN_HOW_SIZE));
        }
        if (result < 0) {
            throw SystemCall.failure(label, (int) -result);
        }
        return new Descriptor((int) result);
    }

    int number() {
        int value = number.get();
        if (value == CLOSED) {
            throw new IllegalStateException("the descriptor is closed");
        }
        return value;
    }

    /** A path that reopens this very file (proc_pid_fd(5)), even if its name now leads elsewhere. */
    Path path() {
        return Path.of("/proc/self/fd/" + number());
    }

    @Override
    public void close() {
        int value = number.getAndSet(CLOSED);
        if (value != CLOSED) {
            Libc.INSTANCE.close(value);
        }
    }
}
