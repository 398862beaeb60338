/* Drops a supervisor's privileges once its container runs, to limit what a vulnerability is
 * worth. */
#ifndef NUCLEUS_SHIM_CAPABILITIES_H
#define NUCLEUS_SHIM_CAPABILITIES_H

#include <stdint.h>

#include "base/failure.h"
#include "launch/plan.h"

/* Keeps only these capabilities, in every set. 0, or a negative errno. */
int shim_keep_capabilities(uint64_t kept);
/* Keeps only these of the present ones, and makes them effective. 0, or a negative errno. */
int capabilities_limit(uint64_t kept);
/* Drops every capability from every set, including the bounding set, except those needed for
 * supervising and those of the container, which execs get as well. If the plan has hooks, nothing
 * is dropped: they have the manager's privileges. 0, or a negative errno. */
int shim_drop_capabilities(const struct plan *plan, struct failure *failure);

#endif
