package dev.nucleus.kernel;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Map;
import jnr.ffi.LastError;
import jnr.ffi.Runtime;

/** Makes system calls on files, and translates their errors to the exceptions of java.nio.file (errno(3)). */
final class SystemCall {

    private static final int ENOENT = 2;
    private static final int EINTR = 4;
    static final int EAGAIN = 11;
    private static final int EACCES = 13;
    private static final int EEXIST = 17;
    private static final int ENOTDIR = 20;
    static final int EINVAL = 22;
    private static final int ENOTEMPTY = 39;

    private static final Map<Integer, String> MESSAGES = Map.ofEntries(
            Map.entry(1, "operation not permitted (EPERM)"),
            Map.entry(5, "input/output error (EIO)"),
            Map.entry(EINTR, "interrupted (EINTR)"),
            Map.entry(6, "no such device (ENXIO)"),
            Map.entry(EAGAIN, "renamed repeatedly while it was opened (EAGAIN)"),
            Map.entry(12, "out of memory (ENOMEM)"),
            Map.entry(16, "busy (EBUSY)"),
            Map.entry(18, "on another file system (EXDEV)"),
            Map.entry(21, "is a directory (EISDIR)"),
            Map.entry(EINVAL, "invalid argument (EINVAL)"),
            Map.entry(23, "too many open files on this host (ENFILE)"),
            Map.entry(24, "too many open files (EMFILE); raise LimitNOFILE of the manager's unit"),
            Map.entry(27, "file too large (EFBIG)"),
            Map.entry(28, "no space left on device (ENOSPC)"),
            Map.entry(30, "read-only file system (EROFS)"),
            Map.entry(31, "too many links (EMLINK)"),
            Map.entry(36, "file name too long (ENAMETOOLONG)"),
            Map.entry(40, "is a symbolic link, or too many of them (ELOOP)"),
            Map.entry(116, "stale file handle (ESTALE)"),
            Map.entry(122, "disk quota exceeded (EDQUOT)"));

    static {
        // The first use loads classes, which must not happen between a call and reading its errno.
        errno();
    }

    private SystemCall() {}

    /** A call that returns -1 and sets errno on failure. */
    @FunctionalInterface
    interface Call {
        long make();
    }

    /** The result of a call, or the negative errno. Interrupted calls are repeated. */
    static long result(Call call) {
        while (true) {
            long result = call.make();
            if (result >= 0) {
                return result;
            }
            int errno = errno();
            if (errno != EINTR) {
                return -errno;
            }
        }
    }

    /** The result of a call; throws an exception that names the file when it fails. */
    static long check(String file, Call call) throws IOException {
        long result = result(call);
        if (result < 0) {
            throw failure(file, (int) -result);
        }
        return result;
    }

    static boolean isAbsent(long result) {
        return result == -ENOENT;
    }

    static FileSystemException failure(String file, int errno) {
        return switch (errno) {
            case ENOENT -> new NoSuchFileException(file, null, "no such file or directory (ENOENT)");
            case EACCES -> new AccessDeniedException(file, null, "permission denied (EACCES)");
            case EEXIST -> new FileAlreadyExistsException(file, null, "already exists (EEXIST)");
            case ENOTDIR -> new NotDirectoryException(file);
            case ENOTEMPTY -> new DirectoryNotEmptyException(file);
            default -> new FileSystemException(file, null, MESSAGES.getOrDefault(errno, "errno " + errno));
        };
    }

    static int errno() {
        return LastError.getLastError(Runtime.getSystemRuntime());
    }
}
