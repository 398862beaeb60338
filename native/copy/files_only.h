/* A seccomp filter for a process that only copies files and parses untrusted input. */
#ifndef NUCLEUS_COPY_FILES_ONLY_H
#define NUCLEUS_COPY_FILES_ONLY_H

/* From now on this process can only open, read, write, rename and remove files, and exit: any other
 * system call fails with EPERM, and one of another architecture kills it. Returns 0, or a negative
 * errno. */
int files_only(void);

#endif
