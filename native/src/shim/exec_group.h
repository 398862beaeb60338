/* A cgroup of its own for an exec with a client, below one of the container's: when the client
 * leaves, every process that the exec started is found there, also one that has left its process
 * group and session. Where there is no such cgroup, descendants and the session are killed. */
#ifndef NUCLEUS_EXEC_GROUP_H
#define NUCLEUS_EXEC_GROUP_H

#include "shim/exec.h"
#include "shim/shim.h"

/* Makes the cgroup. Returns what the process joins it by: for version 2 the directory (clone3(2),
 * CLONE_INTO_CGROUP), for version 1 its file "tasks"; or -1: there is none. */
int exec_group_make(const struct shim *shim, struct exec *exec);
/* Kills the processes of the exec that are left. False: some may be, so call it again. */
bool exec_group_kill(const struct shim *shim, const struct exec *exec);
/* Removes the cgroup, unless a process is left in it. */
void exec_group_remove(const struct shim *shim, const struct exec *exec);

#endif
