/* Mounts that gVisor's runsc makes by itself. It resolves the path of each source from its own
 * root: so that is a path of ours, and never the target, in which others can change entries. */
#ifndef NUCLEUS_SERVED_MOUNTS_H
#define NUCLEUS_SERVED_MOUNTS_H

#include "launch/plan.h"
#include "launch/root_tree.h"

/* Directory in runsc's root with the sources of these mounts, by the number of the plan's step; see
 * gvisor_root.h. */
#define GVISOR_VOLUMES "/volumes"

/* The last earlier step that is served and whose target contains the step's; or NULL. */
const struct rootfs_step *served_mount_above(const struct root_tree *tree,
					     const struct rootfs_step *step);
/* Attaches the step's source where the runtime finds it, and makes or checks its mount point. 0, or
 * a negative errno. */
int served_mount_add(struct root_tree *tree, const struct rootfs_step *step);

#endif
