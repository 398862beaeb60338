/* The root under construction: where its steps find their mount points, and what they mount. */
#ifndef NUCLEUS_ROOT_TREE_H
#define NUCLEUS_ROOT_TREE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launch/plan.h"

/* The directory that the last step worked in stays open: most steps work where the one before them
 * did. */
struct root_tree {
	const struct plan *plan;
	const int *sources; /* by step, opened already; or NULL */
	int runtime_fd;     /* the root of runsc, or -1 */
	int root_fd;
	size_t done;       /* steps that have been carried out */
	bool link_refused; /* a symbolic link on the way to a mount point was refused */
	int parent_fd;
	char parent[PATH_MAX];
	int cover_fd; /* an empty read-only tmpfs, made when first needed */
};

/* What of a path lies below a directory, from its slash on; or NULL. */
const char *root_tree_remainder(const char *path, const char *directory);
/* Opens a path as seen from the new root: symbolic links can't lead out of it (openat2(2),
 * RESOLVE_IN_ROOT), magic links lead nowhere. A descriptor, or a negative errno. */
int root_tree_open(int root_fd, const char *path, uint64_t flags);
/* Opens the directory that holds the last component of `path`, and points `name` to that component.
 * The descriptor stays the tree's; or a negative errno. */
int root_tree_open_parent(struct root_tree *tree, const char *path, const char **name);
/* After a mount: a directory opened before may be covered now. */
void root_tree_forget_parent(struct root_tree *tree, const char *target);
/* Makes an empty mount point for what is mounted. An existing file is never opened, so never
 * truncated. 0, or a negative errno. */
int root_tree_make_point(int parent_fd, const char *name, int mount_fd);
/* Mounts on the target. The directory it is in was resolved inside the root, and move_mount(2)
 * follows no link in the last component. 0, or a negative errno. */
int root_tree_attach(struct root_tree *tree, int mount_fd, const char *target);
/* What was opened for the step ahead, or NOT_OPENED. */
int root_tree_opened(const struct root_tree *tree, const struct rootfs_step *step);
/* What the step binds: what was opened ahead, or else is opened now. A descriptor, or a negative
 * errno. */
int root_tree_source(const struct root_tree *tree, const struct rootfs_step *step);

#endif
