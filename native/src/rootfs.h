/* The new root: a tmpfs filled step by step as the plan says, then pivoted to. */
#ifndef NUCLEUS_ROOTFS_H
#define NUCLEUS_ROOTFS_H

#include "failure.h"
#include "plan.h"

/* Builds the root below the staging directory. Returns a descriptor of it, or a
 * negative errno. Runs in the container's own mount namespace. */
int rootfs_build(const struct plan *plan, struct failure *failure);
/* Makes the built root this namespace's root and detaches the host's. */
int rootfs_pivot(int root_fd, struct failure *failure);

#endif
