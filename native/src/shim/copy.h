/* The part of `nucleus cp` that runs inside a container: a process that reads or writes the
 * container's files as the workload's user, in its namespaces and cgroup and under its Landlock
 * policy. It does nothing else: it runs no program and loads no library of the container
 * (CVE-2019-14271). Files are transferred as an archive over its standard streams; the other end is
 * the client (native/client/copy.c). */
#ifndef NUCLEUS_COPY_H
#define NUCLEUS_COPY_H

/* nucleus-spawner --copy DIRECTION OPTIONS PATH: the same under gVisor. */
#define COPY_ROLE "--copy"

/* argv: a direction, "in" or "out"; options, letters of "-ad" (a: keep permissions and times; d:
 * the path is a directory, and the archive was made by the user); a path from the container's root.
 * Without d, the archive holds one file or directory under its original name. Closes `status_fd`,
 * unless it is -1, before copying. Returns the exit code: 0, or 1 if something was not copied, as
 * reported on standard error. Allocates no heap memory. */
int copy_run(char *const argv[], int status_fd);

#endif
