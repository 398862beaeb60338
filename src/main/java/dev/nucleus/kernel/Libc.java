package dev.nucleus.kernel;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;

/** The few calls of libc that the JDK has no words for. Public for JNR, whose class loader is another. */
public interface Libc {

    Libc INSTANCE = LibraryLoader.create(Libc.class).failImmediately().load("c");

    int geteuid();

    int getegid();

    /** memfd_create(2). */
    int memfd_create(String name, int flags);

    /** read(2). */
    long pread(int fd, byte[] buffer, long count, long offset);

    int socket(int domain, int type, int protocol);

    int bind(int fd, byte[] address, int length);

    int setsockopt(int fd, int level, int option, byte[] value, int length);

    /** recv(2). */
    long recv(int fd, byte[] buffer, long length, int flags);

    /** sendto(2). */
    long sendto(int fd, byte[] buffer, long length, int flags, byte[] address, int addressLength);

    int close(int fd);

    void free(Pointer memory);

    /** landlock_create_ruleset(2), by number: libc has no wrapper. */
    long syscall(long number, Pointer attributes, long size, long flags);
}
