/* The root under construction: the mount points of its steps, and the sources that they mount. */
#ifndef NUCLEUS_ROOT_TREE_H
#define NUCLEUS_ROOT_TREE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launch/plan.h"

/* The directory that the last step worked in stays open, because most steps work in the same one as
 * the step before. */
struct root_tree {
	const struct plan *plan;
	const int *sources; /* by step, opened ahead; or NULL */
	int runtime_fd;     /* the root of runsc, or -1 */
	int root_fd;
	size_t done;       /* steps that have been carried out */
	bool link_refused; /* a symbolic link on the way to a mount point was refused */
	int parent_fd;
	char parent[PATH_MAX];
	int cover_fd; /* an empty read-only tmpfs, made when first needed */
};

/* The part of a path below a directory, beginning with its slash; or NULL. */
const char *root_tree_remainder(const char *path, const char *directory);
/* Opens a path as seen from the new root: symbolic links can't lead out of it (openat2(2),
 * RESOLVE_IN_ROOT), magic links are refused. A descriptor, or a negative errno. */
int root_tree_open(int root_fd, const char *path, uint64_t flags);
/* Opens the directory that holds the last component of `path`, and points `name` to that component.
 * The tree owns the descriptor; or a negative errno. */
int root_tree_open_parent(struct root_tree *tree, const char *path, const char **name);
/* Called after a mount, which may cover the directory that is open. */
void root_tree_forget_parent(struct root_tree *tree, const char *target);
/* Makes an empty mount point of the mount's kind. An existing file is never opened, so never
 * truncated. 0, or a negative errno. */
int root_tree_make_point(int parent_fd, const char *name, int mount_fd);
/* Mounts on the target. The directory it is in was resolved inside the root, and move_mount(2)
 * follows no link in the last component. 0, or a negative errno. */
int root_tree_attach(struct root_tree *tree, int mount_fd, const char *target);
/* The step's source as opened ahead, or NOT_OPENED. */
int root_tree_opened(const struct root_tree *tree, const struct rootfs_step *step);
/* The step's source: as opened ahead, or else opened now. A descriptor, or a negative errno. */
int root_tree_source(const struct root_tree *tree, const struct rootfs_step *step);

#endif
