/* The last steps before exec, the same for the workload and for every process that is
 * run beside it later: resource limits, identity, capabilities, Landlock, seccomp. */
#ifndef NUCLEUS_CONFINE_H
#define NUCLEUS_CONFINE_H

#include "failure.h"
#include "plan.h"

int confine_rlimits(const struct plan *plan, struct failure *failure);
/* Bounding set, groups, gid, uid, remaining capabilities; each read back. */
int confine_identity(const struct plan *plan, struct failure *failure);
int confine_landlock(const struct plan *plan, struct failure *failure);
/* Resets signals and installs the filter. The descriptor that hears of what it does not
 * allow, 0 when nobody is to hear or can (`listen`), or a negative errno (seccomp_unotify(2)). */
int confine_seccomp(const struct plan *plan, bool listen, struct failure *failure);
/* Searches argv[0] along the environment's PATH, and executes it.
 * Returns only on failure. */
int confine_exec(char *const argv[], char *const envp[], struct failure *failure);

#endif
