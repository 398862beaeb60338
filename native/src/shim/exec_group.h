/* A separate cgroup for an exec with a client, below one of the container's: when the client
 * disconnects, it holds every process that the exec started, even one that has left the exec's
 * process group and session. Without such a cgroup, the session and its leader's children are
 * killed. */
#ifndef NUCLEUS_EXEC_GROUP_H
#define NUCLEUS_EXEC_GROUP_H

#include "shim/shim.h"

/* Creates the cgroup. Returns the descriptor for joining it: for version 2 the directory
 * (clone3(2), CLONE_INTO_CGROUP), for version 1 its file "tasks"; or -1: there is no cgroup. */
int exec_group_make(const struct shim *shim, uint32_t id);
/* Kills the remaining processes of the exec. False: some may be left, so call it again. */
bool exec_group_kill(const struct shim *shim, uint32_t id);
/* The same without a cgroup, for the process's session and children. The process must not have been
 * reaped: its pid may belong to another process by then. */
bool exec_group_kill_session(pid_t pid);
/* Removes the cgroup, unless a process is left in it. */
void exec_group_remove(const struct shim *shim, uint32_t id);

#endif
