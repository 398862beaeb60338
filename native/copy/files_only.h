/* A process that moves files and reads what others wrote needs few system calls. */
#ifndef NUCLEUS_COPY_FILES_ONLY_H
#define NUCLEUS_COPY_FILES_ONLY_H

/* From now on this process can open, read, write, name and remove files, and end; every other
 * system call fails with EPERM, and one of another architecture kills it. 0, or a negative errno.
 */
int files_only(void);

#endif
