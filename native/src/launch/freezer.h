/* Freezes all processes of a container (cgroup-v1/freezer-subsystem.rst, cgroup-v2.rst:
 * cgroup.freeze). */
#ifndef NUCLEUS_FREEZER_H
#define NUCLEUS_FREEZER_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/cgroup.h"
#include "launch/plan.h"

/* Freezes or thaws every member. The v1 freezer has its own hierarchy, which members join with the
 * first freeze: a container that is never paused doesn't pay for it. Processes started in the
 * container later join it too. 0, or a negative errno: -EOPNOTSUPP if no hierarchy can freeze. */
int freezer_set(const struct plan *plan, struct cgroup *cgroup, bool freeze);

/* How long members may take to join the v1 freezer and to freeze, in ms: less than the manager
 * waits. A member in uninterruptible sleep can't freeze. */
#define FREEZE_TIMEOUT_MS 4500

/* Waits until every member is frozen, or until the deadline in ms of CLOCK_MONOTONIC; freezer_set
 * returns earlier. 0, or a negative errno: -ETIMEDOUT if a member did not freeze. */
int freezer_await(const struct plan *plan, int64_t deadline);

#endif
