/* The part of `nucleus cp` that runs inside a container: a process that reads or writes its files
 * as the workload's user, in its namespaces and control group and under its Landlock policy, and
 * does nothing else: no program of the container and no library of it is run (CVE-2019-14271).
 * Files go as an archive through its standard streams; the other end is the client
 * (native/client/copy.c). */
#ifndef NUCLEUS_COPY_H
#define NUCLEUS_COPY_H

/* nucleus-spawner --copy DIRECTION OPTIONS PATH: the same under gVisor. */
#define COPY_ROLE "--copy"

/* argv: a direction, "in" or "out"; options, letters of "-ad" (a: permissions and times are kept;
 * d: the path is a directory, and the archive is one that the user made); a path, from the
 * container's root. An archive without the option d is of one file or directory, named as it was
 * where it is from. Closes `status_fd`, if that is not -1, when it begins. Returns the exit code:
 * 0; 1: something was not copied, which standard error tells. Needs no memory from the heap. */
int copy_run(char *const argv[], int status_fd);

#endif
