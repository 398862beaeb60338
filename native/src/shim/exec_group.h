/* A cgroup of its own for an exec with a client, below one of the container's: when the client
 * leaves, every process that the exec started is found there, also one that has left its process
 * group and session. Where there is no such cgroup, descendants and the session are killed. */
#ifndef NUCLEUS_EXEC_GROUP_H
#define NUCLEUS_EXEC_GROUP_H

#include "shim/shim.h"

/* Makes the cgroup. Returns what the process joins it by: for version 2 the directory (clone3(2),
 * CLONE_INTO_CGROUP), for version 1 its file "tasks"; or -1: there is none. */
int exec_group_make(const struct shim *shim, uint32_t id);
/* Kills the processes of the exec that are left. False: some may be, so call it again. */
bool exec_group_kill(const struct shim *shim, uint32_t id);
/* The same where there is no cgroup, for the process and its session. The process must not have
 * been reaped: its number may be another's by then. */
bool exec_group_kill_session(pid_t pid);
/* Removes the cgroup, unless a process is left in it. */
void exec_group_remove(const struct shim *shim, uint32_t id);

#endif
