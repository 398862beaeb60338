/* Stopping every process of a container where it is (cgroup-v1/freezer-subsystem.rst,
 * cgroup-v2.rst: cgroup.freeze). */
#ifndef NUCLEUS_FREEZER_H
#define NUCLEUS_FREEZER_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/cgroup.h"
#include "launch/plan.h"

/* Stops every member, or lets them go on. The freezer of version 1 has a hierarchy of its own,
 * which members join with the first stop: a launch that is never paused doesn't pay for it. What
 * is run in the container later joins it too. 0, or a negative errno: -EOPNOTSUPP where no
 * hierarchy can. */
int freezer_set(const struct plan *plan, struct cgroup *cgroup, bool freeze);

/* How long members may take to join the freezer of version 1 and to freeze, in ms: less than the
 * manager waits. One in uninterruptible sleep cannot. */
#define FREEZE_TIMEOUT_MS 4500

/* Waits until every member is frozen, or until the deadline in ms of CLOCK_MONOTONIC; the write
 * that requests it returns earlier. 0, or a negative errno: -ETIMEDOUT if one did not freeze. */
int freezer_await(const struct plan *plan, int64_t deadline);

#endif
