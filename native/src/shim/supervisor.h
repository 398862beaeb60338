/* Privileges that a supervisor drops once its container runs: a hole in it is worth less then. */
#ifndef NUCLEUS_SUPERVISOR_H
#define NUCLEUS_SUPERVISOR_H

#include <stdint.h>

#include "base/failure.h"
#include "launch/plan.h"

/* Keeps these capabilities alone, in every set. 0, or a negative errno. */
int supervisor_keep(uint64_t kept);
/* Drops every capability from every set, bounding too, but those that supervising takes and those
 * that the container has, which processes run beside the workload get as well. Where hooks are
 * still to run nothing is dropped: they have the manager's rights. 0, or a negative errno. */
int supervisor_confine(const struct plan *plan, struct failure *failure);

#endif
