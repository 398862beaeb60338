#include "launch/served_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/descriptors.h"
#include "base/syscalls.h"

const struct rootfs_step *served_mount_above(const struct root_tree *tree,
					     const struct rootfs_step *step)
{
	for (const struct rootfs_step *at = step; at > tree->plan->rootfs;) {
		at--;
		if ((at->flags & ROOTFS_SERVED) != 0 &&
		    root_tree_remainder(step->target, at->target) != NULL)
			return at;
	}
	return NULL;
}

/* Where a served step is attached, below the runtime's root. */
static int served_path(const struct root_tree *tree, const struct rootfs_step *step,
		       const char *below, char *path, size_t size)
{
	size_t index = (size_t)(step - tree->plan->rootfs);
	int length = snprintf(path, size, "%s/%zu%s", GVISOR_VOLUMES + 1, index, below);

	return length >= (int)size ? -ENAMETOOLONG : 0;
}

/* Opens a path below the runtime's root; a link on the way is an error. */
static int open_served(const struct root_tree *tree, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd = sys_openat2(tree->runtime_fd, path, &how);

	return fd < 0 ? -errno : fd;
}

/* A directory is mounted on a directory, a file on a file. */
static int compare_kind(const struct stat *target, int mount_fd)
{
	struct stat mounted;

	if (fstat(mount_fd, &mounted) < 0)
		return -errno;
	if (S_ISLNK(target->st_mode))
		return -ELOOP;
	if (S_ISDIR(mounted.st_mode))
		return S_ISDIR(target->st_mode) ? 0 : -ENOTDIR;
	return S_ISREG(target->st_mode) ? 0 : -EINVAL;
}

/* Checks the mount point of a step below another served mount; the runtime makes it if it is
 * missing. Others can change that tree: a link that leads elsewhere now is refused, and one that
 * appears later leads to the runtime's root, which has nothing of the host's. */
static int check_point_served(const struct root_tree *tree, const struct rootfs_step *above,
			      const struct rootfs_step *step, int mount_fd)
{
	char path[PATH_MAX];
	struct stat status;
	owned_fd found = -1;
	int result = served_path(tree, above, root_tree_remainder(step->target, above->target),
				 path, sizeof(path));

	if (result < 0)
		return result;
	found = open_served(tree, path);
	if (found < 0)
		return found == -ENOENT ? 0 : found;
	return fstat(found, &status) < 0 ? -errno : compare_kind(&status, mount_fd);
}

/* Makes an empty mount point in the new root, for the runtime's mount. */
static int make_point(struct root_tree *tree, const struct rootfs_step *step, int mount_fd)
{
	const char *name;
	int parent = root_tree_open_parent(tree, step->target, &name);
	struct stat status;

	if (parent < 0)
		return parent;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return compare_kind(&status, mount_fd);
	return errno == ENOENT ? root_tree_make_point(parent, name, mount_fd) : -errno;
}

/* Attaches the mount at a path without links, and checks that it is there. */
static int attach_served(const struct root_tree *tree, const struct rootfs_step *step, int mount_fd)
{
	char path[64];
	struct stat wanted;
	struct stat attached;
	owned_fd found = -1;
	int result = served_path(tree, step, "", path, sizeof(path));

	if (result == 0)
		result = root_tree_make_point(tree->runtime_fd, path, mount_fd);
	if (result < 0)
		return result;
	if (sys_move_mount(mount_fd, "", tree->runtime_fd, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	found = open_served(tree, path);
	if (found < 0)
		return found;
	if (fstat(mount_fd, &wanted) < 0 || fstat(found, &attached) < 0)
		return -errno;
	return wanted.st_dev == attached.st_dev && wanted.st_ino == attached.st_ino ? 0 : -ESTALE;
}

int served_mount_add(struct root_tree *tree, const struct rootfs_step *step)
{
	const struct rootfs_step *above = served_mount_above(tree, step);
	owned_fd clone = root_tree_source(tree, step);
	int result;

	if (clone < 0)
		return clone;
	result = above == NULL ? make_point(tree, step, clone)
			       : check_point_served(tree, above, step, clone);
	return result < 0 ? result : attach_served(tree, step, clone);
}
