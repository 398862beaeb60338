/* A final check, from inside, that the container's mounts are as planned. */
#ifndef NUCLEUS_MOUNT_CHECK_H
#define NUCLEUS_MOUNT_CHECK_H

#include "base/failure.h"
#include "launch/plan.h"

/* Checks every mount of a table as in /proc/PID/mountinfo (proc_pid_mountinfo(5)), also covered
 * ones: it is read-only unless the plan makes it writable, nosuid, nodev unless it is /dev, and
 * noexec if it is /proc or planned so. 0, or a negative errno and the looser mount. Modifies the
 * table. */
int mount_check_table(const struct plan *plan, char *table, struct failure *failure);
/* The same for this process's own table, if the plan requests it. */
int mount_check(const struct plan *plan, struct failure *failure);

#endif
