/* Privileges that a supervisor drops once its container runs: a hole in it is worth less then. */
#ifndef NUCLEUS_SHIM_CAPABILITIES_H
#define NUCLEUS_SHIM_CAPABILITIES_H

#include <stdint.h>

#include "base/failure.h"
#include "launch/plan.h"

/* Keeps these capabilities alone, in every set. 0, or a negative errno. */
int shim_keep_capabilities(uint64_t kept);
/* Drops every capability from every set, bounding too, but those that supervising takes and those
 * that the container has, which processes run beside the workload get as well. Where hooks are
 * still to run nothing is dropped: they have the manager's rights. 0, or a negative errno. */
int shim_drop_capabilities(const struct plan *plan, struct failure *failure);

#endif
