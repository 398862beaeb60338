/* Kills all processes of a container. */
#ifndef NUCLEUS_CGROUP_KILL_H
#define NUCLEUS_CGROUP_KILL_H

#include "launch/plan.h"

/* Kills every member: all at once where the kernel can (cgroup.kill, v2, Linux 5.14), else one by
 * one until none is left. */
void cgroup_kill(const struct plan *plan);

#endif
