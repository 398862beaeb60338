/* Mounts that gVisor's runsc makes by itself. It follows the path that it finds them
 * by from its own root: so that is a path of ours, and never the target, in which others can change
 * names. */
#ifndef NUCLEUS_SERVED_MOUNTS_H
#define NUCLEUS_SERVED_MOUNTS_H

#include "launch/plan.h"
#include "launch/root_tree.h"

/* What runsc mounts in its root by itself, by the number of the plan's step; see
 * gvisor_root.h. */
#define GVISOR_VOLUMES "/volumes"

/* The last of the steps before that is served and that the target lies below, or NULL. */
const struct rootfs_step *served_mount_above(const struct root_tree *tree,
					     const struct rootfs_step *step);
/* Attaches what the step mounts for the runtime to find, and makes or checks its mount point. 0, or
 * a negative errno. */
int served_mount_add(struct root_tree *tree, const struct rootfs_step *step);

#endif
