/* Control groups, as directories and (file, value) writes that the manager computed. */
#ifndef NUCLEUS_CGROUP_H
#define NUCLEUS_CGROUP_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/failure.h"
#include "launch/plan.h"

#define CGROUP_JOINS_MAX 16

/* The container's cgroups, open: to clone into, to join, to remove. */
struct cgroup {
	int unified_fd;                 /* for CLONE_INTO_CGROUP, or -1 */
	int join_fds[CGROUP_JOINS_MAX]; /* v1 "tasks" files */
	size_t join_count;
	uid_t owner; /* the manager's user and group, which read the figures */
	gid_t group;
};

/* Follows the name of the container's cgroup in that of an exec. */
#define CGROUP_EXEC_SUFFIX ".exec-"

/* Makes a directory that only root, or the manager's group, can enter. 0, or a negative errno. */
int cgroup_make_directory(const struct cgroup *cgroup, const char *path);
/* Makes the directories, writes the limits, opens what a child needs to join; `cgroup` says for
 * whose manager. On failure nothing is left behind. */
int cgroup_create(const struct plan *plan, struct cgroup *cgroup, struct failure *failure);
/* Moves the calling process in. It must have one thread. */
int cgroup_join(const struct cgroup *cgroup, struct failure *failure);
/* Watches for members that wait for memory (Documentation/accounting/psi.rst; cgroup v2). A
 * descriptor with POLLPRI when some did for half of a second; or a negative errno. */
int cgroup_watch_memory(const struct plan *plan);
/* Lets the members use memory up to the hard limit without being slowed down. */
void cgroup_lift_soft_limit(const struct plan *plan);
/* Whether the kernel killed a member for want of memory (memory.events, v1
 * memory.oom_control: oom_kill). Before the cgroup is removed. */
bool cgroup_ran_out_of_memory(const struct plan *plan);
/* Opens a file of the container's directory in the version 2 hierarchy. A descriptor, or -1. */
int cgroup_open_unified(const struct plan *plan, const char *file, int flags);
/* Kills the members of one directory. How many it killed: others may have been forked meanwhile. */
int cgroup_kill_members(const char *directory);
/* The members of a directory, to be read line by line and closed by fclose(3); or NULL. */
FILE *cgroup_members(const char *directory);
/* A pidfd of a process that is a member of the container's cgroups now, or a negative errno: -ESRCH
 * when the number is another's by now. */
int cgroup_open_member(const char *directory, pid_t pid);
/* The process limit that the plan gives its cgroup; RLIM_INFINITY: none. */
rlim_t cgroup_process_limit(const struct plan *plan);
void cgroup_close(struct cgroup *cgroup);
/* Removes one directory; waits a little for members that are still exiting. */
void cgroup_remove_directory(const char *path);
/* A hierarchy in which a group below the container's changes no limit and no share, for the cgroups
 * of execs; NULL: there is none. A version 1 one is not the first of the plan, whose members the
 * freezer and the kill look at. */
const char *cgroup_exec_parent(const struct plan *plan);
/* Removes the directories, and those of execs below them. */
void cgroup_remove(const struct plan *plan);

#endif
