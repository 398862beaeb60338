/* The new root: a tmpfs filled step by step as the plan says, then pivoted to. */
#ifndef NUCLEUS_ROOTFS_H
#define NUCLEUS_ROOTFS_H

#include <stdint.h>

#include "failure.h"
#include "plan.h"

/* Builds the root on the staging directory. Returns a descriptor of it, or a negative errno.
 * Runs in the container's own mount namespace. `sources`: what
 * each step binds, where it was opened ahead; or NULL. */
int rootfs_build(const struct plan *plan, int staging_fd, const int *sources,
		 struct failure *failure);
/* Mounts a new file system on a path of this namespace. 0, or a negative errno. */
int rootfs_mount(const char *type, const char *options, uint64_t attributes, const char *target);
/* Makes the built root this namespace's root and detaches the host's. */
int rootfs_pivot(int root_fd, struct failure *failure);

#endif
