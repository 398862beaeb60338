/* The new root: a tmpfs filled step by step according to the plan, then pivoted to. */
#ifndef NUCLEUS_ROOTFS_H
#define NUCLEUS_ROOTFS_H

#include <stdint.h>

#include "base/failure.h"
#include "launch/plan.h"

/* Builds the root on the staging directory. Returns a descriptor of it, or a negative errno. Runs
 * in the container's own mount namespace. `runtime_fd`: the root of runsc, where served steps are
 * attached (gvisor_make_root); or -1. `sources`: the source of each step, where it was opened
 * ahead; or NULL. */
int rootfs_build(const struct plan *plan, int staging_fd, int runtime_fd, const int *sources,
		 struct failure *failure);
/* Makes this namespace's mounts private: mounts made here are not visible in other namespaces, nor
 * theirs here. 0, or a negative errno. */
int rootfs_make_private(struct failure *failure);
/* Writes a copy of this program into a directory. 0, or a negative errno. */
int rootfs_copy_self(int directory_fd, const char *name, uint32_t mode);
/* Makes the built root this namespace's root and detaches the host's. */
int rootfs_pivot(int root_fd, struct failure *failure);

#endif
