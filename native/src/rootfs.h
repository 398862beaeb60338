/* The new root: a tmpfs filled step by step as the plan says, then pivoted to. */
#ifndef NUCLEUS_ROOTFS_H
#define NUCLEUS_ROOTFS_H

#include <stdbool.h>

#include "failure.h"
#include "plan.h"

/* Whether a step needs something of the host. */
bool rootfs_has_source(const struct rootfs_step *step);
/* Opens what a step binds or copies, with the owners that it has in a user namespace where the step
 * asks for that. A descriptor, of a mount that is nowhere yet or of a file; or a negative
 * errno. */
int rootfs_open_source(const struct rootfs_step *step, int user_namespace_fd);
/* Builds the root on the staging directory. Returns a descriptor of it, or a negative errno.
 * Runs in the container's own mount namespace. `sources`: what each step binds, opened
 * already, or NULL. */
int rootfs_build(const struct plan *plan, int staging_fd, const int *sources,
		 struct failure *failure);
/* Mounts a new file system on a path of this namespace. 0, or a negative errno. */
int rootfs_mount(const char *type, const char *options, uint64_t attributes, const char *target);
/* Makes the built root this namespace's root and detaches the host's. */
int rootfs_pivot(int root_fd, struct failure *failure);

#endif
