/* Control groups, from the directories and (file, value) writes that the manager computed. */
#ifndef NUCLEUS_CGROUP_H
#define NUCLEUS_CGROUP_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/failure.h"
#include "launch/plan.h"

#define CGROUP_JOINS_MAX 16

/* The container's cgroups: descriptors to clone into and to join, and their owner. */
struct cgroup {
	int unified_fd;                 /* for CLONE_INTO_CGROUP, or -1 */
	int join_fds[CGROUP_JOINS_MAX]; /* v1 "tasks" files */
	size_t join_count;
	uid_t owner; /* the manager's user and group, which read the statistics */
	gid_t group;
};

/* Between the container's name and the exec's number in the name of an exec's cgroup. */
#define CGROUP_EXEC_SUFFIX ".exec-"

/* Makes a directory that only its owner and the manager's group can enter. 0, or a negative
 * errno. */
int cgroup_make_directory(const struct cgroup *cgroup, const char *path);
/* Makes the directories, writes the limits, and opens the files that a child needs to join. The
 * caller sets the owner and group of `cgroup`. On failure nothing is left behind. */
int cgroup_create(const struct plan *plan, struct cgroup *cgroup, struct failure *failure);
/* Moves the calling process in. It must be single-threaded. */
int cgroup_join(const struct cgroup *cgroup, struct failure *failure);
/* Watches for members that stall on memory (Documentation/accounting/psi.rst; cgroup v2). A
 * descriptor that signals POLLPRI when one has stalled for half a second, or a negative errno. */
int cgroup_watch_memory(const struct plan *plan);
/* Lets the members use memory up to the hard limit without being throttled. */
void cgroup_lift_soft_limit(const struct plan *plan);
/* Whether the OOM killer killed a member (oom_kill in memory.events, v1 memory.oom_control). To be
 * called before the cgroup is removed. */
bool cgroup_ran_out_of_memory(const struct plan *plan);
/* Opens a file of the container's v2 directory. A descriptor, or a negative errno. */
int cgroup_open_unified(const struct plan *plan, const char *file, int flags);
/* Kills the members of one directory. Returns how many there were: others may have been forked
 * meanwhile. */
int cgroup_kill_members(const char *directory);
/* Opens the list of a directory's members, to be closed with fclose(3). NULL on failure. */
FILE *cgroup_members(const char *directory);
/* A pidfd of a process that is a member of the container's cgroups now, or a negative errno: -ESRCH
 * if it has ended or the PID belongs to another process by now. */
int cgroup_open_member(const char *directory, pid_t pid);
/* The process limit (pids.max) of the plan's cgroup; RLIM_INFINITY: none. */
rlim_t cgroup_process_limit(const struct plan *plan);
void cgroup_close(struct cgroup *cgroup);
/* Removes one directory; waits a little for members that are still exiting. */
void cgroup_remove_directory(const char *path);
/* The container's directory under which execs get their own cgroups, in a hierarchy where a child
 * cgroup changes no limit and no share; NULL: there is none. In v1 it is never the plan's first
 * directory, whose members the freezer and cgroup_kill read. */
const char *cgroup_exec_parent(const struct plan *plan);
/* Removes the directories, and the execs' cgroups below them. */
void cgroup_remove(const struct plan *plan);

#endif
