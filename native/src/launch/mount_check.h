/* A last look at the mounts, from inside: what a container sees is what was planned. */
#ifndef NUCLEUS_MOUNT_CHECK_H
#define NUCLEUS_MOUNT_CHECK_H

#include "base/failure.h"
#include "launch/plan.h"

/* Every mount of a table as in /proc/PID/mountinfo (proc_pid_mountinfo(5)), covered ones too, is
 * read-only unless the plan says it may be written to; none honours set-user-ID, none but /dev has
 * devices, /proc runs nothing. 0, or a negative errno with the mount that is looser. Cuts the table
 * to pieces. */
int mount_check_table(const struct plan *plan, char *table, struct failure *failure);
/* The same of this process's own table, if the plan asks for it. */
int mount_check(const struct plan *plan, struct failure *failure);

#endif
