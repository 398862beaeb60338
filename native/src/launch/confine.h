/* The last steps before exec, the same for the workload and for every process that is run in the
 * container later: resource limits, identity, capabilities, Landlock, seccomp. */
#ifndef NUCLEUS_CONFINE_H
#define NUCLEUS_CONFINE_H

#include "base/failure.h"
#include "launch/plan.h"

/* Resets CPU affinity and priorities, which containers must not inherit from the manager. Called by
 * the supervisor for itself and its children: a process in a user namespace may not reset them. */
void confine_scheduling(void);
/* Leaves the manager's keyring and personality, and sets the plan's OOM score. Called while the
 * host's /proc is mounted. */
void confine_inherited(const struct plan *plan);
/* Enters a directory of the container's root. The container may control its path: links are
 * resolved within the root, magic links of /proc are refused, and the result is checked again. */
int confine_workdir(const char *path, struct failure *failure);
int confine_rlimits(const struct plan *plan, struct failure *failure);
/* Sets the bounding set, groups, GID, UID and the remaining capabilities. All but the groups are
 * read back. */
int confine_identity(const struct plan *plan, struct failure *failure);
int confine_landlock(const struct plan *plan, struct failure *failure);
/* Resets signals and installs the filter. With `listen`, and unless the plan's mode is
 * SECCOMP_DENY, returns the listener for calls that the filter doesn't allow
 * (seccomp_unotify(2)). Otherwise 0; or a negative errno. */
int confine_seccomp(const struct plan *plan, bool listen, struct failure *failure);
/* Looks argv[0] up in the environment's PATH and executes it. Returns only on failure. */
int confine_exec(char *const argv[], char *const envp[], struct failure *failure);

#endif
