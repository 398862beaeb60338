package dev.nucleus.kernel;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;

/** The few functions of libc for which the JDK has no equivalent. Public for JNR, which uses another class loader. */
public interface Libc {

    Libc INSTANCE = LibraryLoader.create(Libc.class).failImmediately().load("c");

    int geteuid();

    int getegid();

    /** memfd_create(2). */
    int memfd_create(String name, int flags);

    /** pread(2). */
    long pread(int fd, byte[] buffer, long count, long offset);

    int socket(int domain, int type, int protocol);

    int bind(int fd, byte[] address, int length);

    int setsockopt(int fd, int level, int option, byte[] value, int length);

    /** recv(2). */
    long recv(int fd, byte[] buffer, long length, int flags);

    /** sendto(2). */
    long sendto(int fd, byte[] buffer, long length, int flags, byte[] address, int addressLength);

    int close(int fd);

    /** kill(2). */
    int kill(int pid, int signal);

    void free(Pointer memory);

    /** landlock_create_ruleset(2), by number: libc has no wrapper. */
    long syscall(long number, Pointer attributes, long size, long flags);

    /** openat(2). This path and those below are terminated by a zero byte. */
    int openat(int directory, @In byte[] path, int flags, int mode);

    /** statx(2). */
    int statx(int directory, @In byte[] path, int flags, int mask, @Out byte[] buffer);

    /** readlinkat(2); an empty path means the link that the descriptor refers to. */
    long readlinkat(int directory, @In byte[] path, @Out byte[] buffer, long length);

    /** getdents(2). */
    long getdents64(int directory, @Out byte[] buffer, long length);

    /** mkdir(2). */
    int mkdirat(int directory, @In byte[] path, int mode);

    /** symlink(2). */
    int symlinkat(@In byte[] target, int directory, @In byte[] path);

    /** openat2(2), by number: glibc has no wrapper. */
    long syscall(long number, long directory, @In byte[] path, @In byte[] how, long size);

    /** unlink(2). */
    int unlinkat(int directory, @In byte[] path, int flags);

    /** rename(2). */
    int renameat2(int from, @In byte[] path, int to, @In byte[] newPath, int flags);

    /** link(2). */
    int linkat(int from, @In byte[] path, int to, @In byte[] newPath, int flags);

    /** utimensat(2); {@code times} are two struct timespec: of the last access and of the last modification. */
    int utimensat(int directory, @In byte[] path, @In byte[] times, int flags);

    /** truncate(2). */
    int ftruncate(int fd, long length);

    /** lseek(2). */
    long lseek(int fd, long offset, int whence);

    /** chown(2). */
    int fchown(int fd, int uid, int gid);

    /** chmod(2). */
    int fchmod(int fd, int mode);
}
