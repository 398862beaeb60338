#include "launch/root_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "launch/mount_sources.h"

int root_tree_open(int root_fd, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = sys_openat2(root_fd, path, &how);

	return fd < 0 ? -errno : fd;
}

const char *root_tree_remainder(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && path[length] == '/' ? path + length : NULL;
}

/* The outermost bind mount made so far that contains `directory` and isn't part of the root file
 * system, or NULL. Another container, or an earlier run of this one, may have replaced entries in
 * it. */
static const struct rootfs_step *changeable_above(const struct root_tree *tree,
						  const char *directory)
{
	const struct rootfs_step *found = NULL;

	for (size_t i = 0; i < tree->done; i++) {
		const struct rootfs_step *at = &tree->plan->rootfs[i];
		bool bound = at->action == ROOTFS_VOLUME || at->action == ROOTFS_BIND;

		if (bound && (at->flags & ROOTFS_NAMED) != 0 && (at->flags & ROOTFS_IMAGE) == 0 &&
		    root_tree_remainder(directory, at->target) != NULL &&
		    (found == NULL || strlen(at->target) < strlen(found->target)))
			found = at;
	}
	return found;
}

/* Opens a directory that contains a mount point, or in which one is made. Links are followed inside
 * the new root, because images contain them; but none below a mount whose entries others may
 * change: they could choose where the next mount goes. */
static int open_directory(struct root_tree *tree, const char *path)
{
	const struct rootfs_step *above = changeable_above(tree, path);
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	owned_fd top = -1;
	int fd;

	if (above == NULL)
		return root_tree_open(tree->root_fd, path, O_PATH | O_DIRECTORY);
	top = root_tree_open(tree->root_fd, above->target, O_PATH | O_DIRECTORY);
	if (top < 0)
		return top;
	fd = sys_openat2(top, root_tree_remainder(path, above->target) + 1, &how);
	tree->link_refused = fd < 0 && errno == ELOOP;
	return fd < 0 ? -errno : fd;
}

int root_tree_open_parent(struct root_tree *tree, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t length;

	if (slash == NULL || slash[1] == '\0')
		return -EINVAL;
	length = (size_t)(slash - path);
	if (length >= sizeof(tree->parent))
		return -ENAMETOOLONG;
	*name = slash + 1;
	if (length == 0)
		return tree->root_fd;
	if (tree->parent_fd >= 0 && strncmp(tree->parent, path, length) == 0 &&
	    tree->parent[length] == '\0')
		return tree->parent_fd;
	close_fd(&tree->parent_fd);
	memcpy(tree->parent, path, length);
	tree->parent[length] = '\0';
	tree->parent_fd = open_directory(tree, tree->parent);
	return tree->parent_fd;
}

void root_tree_forget_parent(struct root_tree *tree, const char *target)
{
	if (tree->parent_fd >= 0 && strncmp(tree->parent, target, strlen(target)) == 0)
		close_fd(&tree->parent_fd);
}

int root_tree_make_point(int parent, const char *name, int mount_fd)
{
	struct stat status;
	owned_fd file = -1;

	if (fstat(mount_fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return mkdirat(parent, name, 0755) < 0 ? -errno : 0;
	file = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
	return file < 0 ? -errno : 0;
}

int root_tree_attach(struct root_tree *tree, int mount_fd, const char *target)
{
	const char *name;
	int parent = root_tree_open_parent(tree, target, &name);
	int result;

	if (parent < 0)
		return parent;
	if (sys_move_mount(mount_fd, "", parent, name, MOVE_MOUNT_F_EMPTY_PATH) < 0) {
		if (errno != ENOENT)
			return -errno;
		result = root_tree_make_point(parent, name, mount_fd);
		if (result < 0)
			return result;
		if (sys_move_mount(mount_fd, "", parent, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return -errno;
	}
	root_tree_forget_parent(tree, target);
	return 0;
}

int root_tree_opened(const struct root_tree *tree, const struct rootfs_step *step)
{
	return tree->sources == NULL ? NOT_OPENED
				     : tree->sources[(size_t)(step - tree->plan->rootfs)];
}

int root_tree_source(const struct root_tree *tree, const struct rootfs_step *step)
{
	int opened = root_tree_opened(tree, step);

	return opened == NOT_OPENED ? mount_source_clone_checked(step) : opened;
}
