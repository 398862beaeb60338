package dev.nucleus.shim;

import java.util.Map;

/** Error numbers that a launch may fail with, with their names and meanings (errno(3), errno-base.h). */
public final class Errno {

    private static final int ECANCELED = 125;

    private static final Map<Integer, String> NAMES = Map.ofEntries(
            Map.entry(1, "EPERM: Operation not permitted"),
            Map.entry(2, "ENOENT: No such file or directory"),
            Map.entry(3, "ESRCH: No such process"),
            Map.entry(5, "EIO: Input/output error"),
            Map.entry(7, "E2BIG: Argument list too long"),
            Map.entry(8, "ENOEXEC: Exec format error"),
            Map.entry(9, "EBADF: Bad file descriptor"),
            Map.entry(10, "ECHILD: No child processes"),
            Map.entry(11, "EAGAIN: Resource temporarily unavailable"),
            Map.entry(12, "ENOMEM: Cannot allocate memory"),
            Map.entry(13, "EACCES: Permission denied"),
            Map.entry(16, "EBUSY: Device or resource busy"),
            Map.entry(17, "EEXIST: File exists"),
            Map.entry(20, "ENOTDIR: Not a directory"),
            Map.entry(21, "EISDIR: Is a directory"),
            Map.entry(22, "EINVAL: Invalid argument"),
            Map.entry(23, "ENFILE: Too many open files in system"),
            Map.entry(24, "EMFILE: Too many open files"),
            Map.entry(25, "ENOTTY: Not a terminal"),
            Map.entry(26, "ETXTBSY: Text file busy"),
            Map.entry(27, "EFBIG: File too large"),
            Map.entry(28, "ENOSPC: No space left on device"),
            Map.entry(30, "EROFS: Read-only file system"),
            Map.entry(32, "EPIPE: Broken pipe"),
            Map.entry(36, "ENAMETOOLONG: File name too long"),
            Map.entry(38, "ENOSYS: Function not implemented"),
            Map.entry(40, "ELOOP: Too many levels of symbolic links"),
            Map.entry(71, "EPROTO: Protocol error"),
            Map.entry(74, "EBADMSG: Bad message"),
            Map.entry(75, "EOVERFLOW: Value too large for defined data type"),
            Map.entry(87, "EUSERS: Too many users"),
            Map.entry(98, "EADDRINUSE: Address already in use"),
            Map.entry(103, "ECONNABORTED: Software caused connection abort"),
            Map.entry(110, "ETIMEDOUT: Connection timed out"),
            Map.entry(ECANCELED, "ECANCELED: Operation canceled"),
            Map.entry(111, "ECONNREFUSED: Connection refused"));

    private Errno() {}

    /** Whether it stands for a refusal by a program rather than for the error of a system call. */
    static boolean isProgramRefusal(int errno) {
        return errno == ECANCELED;
    }

    /** Name and meaning, as {@code "ENOENT: No such file or directory"}. */
    public static String describe(int errno) {
        return NAMES.getOrDefault(errno, "error " + errno);
    }
}
