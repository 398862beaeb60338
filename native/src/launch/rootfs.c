#include "launch/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/descriptors.h"
#include "base/filesystem.h"
#include "base/syscalls.h"
#include "launch/host_path.h"
#include "launch/mount_sources.h"
#include "launch/overlay.h"
#include "launch/root_step.h"
#include "launch/root_tree.h"
#include "launch/served_mounts.h"

static int make_directory(struct root_tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = root_tree_open_parent(tree, step->target, &name);

	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, step->mode) < 0)
		return errno == EEXIST ? 0 : -errno;
	if ((step->uid != 0 || step->gid != 0) &&
	    fchownat(parent, name, step->uid, step->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int make_file(struct root_tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = root_tree_open_parent(tree, step->target, &name);
	owned_fd file = -1;

	if (parent < 0)
		return parent;
	file = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
		      step->mode);
	if (file < 0)
		return -errno;
	if ((step->uid != 0 || step->gid != 0) && fchown(file, step->uid, step->gid) < 0)
		return -errno;
	return write_whole(file, step->content, step->content_length);
}

static int make_symlink(struct root_tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = root_tree_open_parent(tree, step->target, &name);

	if (parent < 0)
		return parent;
	return symlinkat(step->source, parent, name) < 0 ? -errno : 0;
}

static int make_device(struct root_tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = root_tree_open_parent(tree, step->target, &name);
	dev_t device = makedev((unsigned int)(step->attributes >> 32),
			       (unsigned int)(step->attributes & UINT32_MAX));

	if (parent < 0)
		return parent;
	return mknodat(parent, name, S_IFCHR | step->mode, device) < 0 ? -errno : 0;
}

static int bind_tree(struct root_tree *tree, const struct rootfs_step *step)
{
	owned_fd clone = root_tree_source(tree, step);

	return clone < 0 ? clone : root_tree_attach(tree, clone, step->target);
}

static int mount_filesystem(struct root_tree *tree, const char *type,
			    const struct rootfs_step *step)
{
	owned_fd mount_fd = filesystem_new(type, step->source, step->attributes);

	return mount_fd < 0 ? mount_fd : root_tree_attach(tree, mount_fd, step->target);
}

/* Opens a cover for a directory: an empty read-only tmpfs, or a clone of it. The first cover is the
 * file system's own mount, and is cloned after it has been attached: closing a mount that was never
 * attached costs a grace period (fs/namespace.c, namespace_unlock). */
static int open_cover(struct root_tree *tree)
{
	int fd;

	if (tree->cover_fd < 0) {
		tree->cover_fd = filesystem_new("tmpfs", "size=0,nr_inodes=1,mode=555",
						MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
							MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
		return tree->cover_fd < 0 ? tree->cover_fd
					  : fcntl(tree->cover_fd, F_DUPFD_CLOEXEC, 0);
	}
	fd = sys_open_tree(tree->cover_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	return fd < 0 ? -errno : fd;
}

/* Covers a file with /dev/null, or a directory with an empty read-only tmpfs. A target
 * that this kernel does not have needs no cover. */
static int mask(struct root_tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = root_tree_open_parent(tree, step->target, &name);
	struct stat status;
	owned_fd cover = -1;

	if (parent < 0)
		return parent;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	/* Read-only, or its owner could change the mode of the host's device. */
	cover = step->action == ROOTFS_MASK_FILE
			? mount_source_clone("/dev/null", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
								  MOUNT_ATTR_NOEXEC)
			: open_cover(tree);
	if (cover < 0)
		return cover;
	return sys_move_mount(cover, "", parent, name, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

static int seal(struct root_tree *tree, const struct rootfs_step *step)
{
	struct mount_attr attr = { .attr_set = step->attributes };
	owned_fd target = root_tree_open(tree->root_fd, step->target, O_PATH);

	if (target < 0)
		return target;
	return sys_mount_setattr(target, "", AT_EMPTY_PATH, &attr) < 0 ? -errno : 0;
}

static int add_layer(struct root_tree *tree, const struct rootfs_step *step)
{
	owned_fd lower = root_tree_source(tree, step);
	owned_fd overlay = lower < 0 ? lower
				     : overlay_new(tree->plan, tree->root_fd, step->target, lower);

	return overlay < 0 ? overlay : root_tree_attach(tree, overlay, step->target);
}

/* Removes the mount point too, so that nothing of it stays visible. */
static int detach(struct root_tree *tree, const struct rootfs_step *step)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "/proc/self/fd/%d%s", tree->root_fd, step->target) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	root_tree_forget_parent(tree, step->target);
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 || rmdir(path) < 0)
		return -errno;
	return 0;
}

/* Copies through a buffer that is wiped: nothing of a secret stays in a process that lives on. */
static int copy_secret(struct root_tree *tree, const struct rootfs_step *step)
{
	const char *name;
	uint8_t buffer[4096];
	int parent = root_tree_open_parent(tree, step->target, &name);
	int opened = root_tree_opened(tree, step);
	owned_fd from = opened == NOT_OPENED ? mount_source_secret(step) : opened;
	owned_fd to = -1;
	ssize_t got;
	int result = 0;

	if (parent < 0 || from < 0)
		return parent < 0 ? parent : from;
	to = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	while (result == 0 && (got = read(from, buffer, sizeof(buffer))) > 0)
		result = write_whole(to, buffer, (size_t)got);
	if (result == 0 && got < 0)
		result = -errno;
	explicit_bzero(buffer, sizeof(buffer));
	if (result == 0 && (fchown(to, step->uid, step->gid) < 0 || fchmod(to, step->mode) < 0))
		result = -errno;
	return result;
}

/* Copies, because this program runs from a sealed copy in memory, which can't be bound. */
int rootfs_copy_self(int directory_fd, const char *name, uint32_t mode)
{
	owned_fd from = openat(AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	owned_fd to = -1;
	struct stat status;
	off_t offset = 0;

	if (from < 0 || fstat(from, &status) < 0)
		return -errno;
	to = openat(directory_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
	if (to < 0)
		return -errno;
	while (offset < status.st_size) {
		if (sendfile(to, from, &offset, (size_t)(status.st_size - offset)) <= 0)
			return -errno;
	}
	return 0;
}

static int copy_self(struct root_tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = root_tree_open_parent(tree, step->target, &name);

	return parent < 0 ? parent : rootfs_copy_self(parent, name, step->mode);
}

static int carry_out(struct root_tree *tree, const struct rootfs_step *step)
{
	if ((step->flags & ROOTFS_SERVED) != 0)
		return served_mount_add(tree, step);
	/* Below a served mount, which only the runtime sees. */
	if (step->action == ROOTFS_DIRECTORY && served_mount_above(tree, step) != NULL)
		return 0;

	switch ((enum rootfs_action)step->action) {
	case ROOTFS_DIRECTORY:
		return make_directory(tree, step);
	case ROOTFS_FILE:
		return make_file(tree, step);
	case ROOTFS_SYMLINK:
		return make_symlink(tree, step);
	case ROOTFS_BIND:
	case ROOTFS_VOLUME:
		return bind_tree(tree, step);
	case ROOTFS_TMPFS:
		return mount_filesystem(tree, "tmpfs", step);
	case ROOTFS_PROC:
		return mount_filesystem(tree, "proc", step);
	case ROOTFS_DEVICE:
		return make_device(tree, step);
	case ROOTFS_MASK_FILE:
	case ROOTFS_MASK_DIRECTORY:
		return mask(tree, step);
	case ROOTFS_SEAL:
		return seal(tree, step);
	case ROOTFS_SECRET:
		return copy_secret(tree, step);
	case ROOTFS_SELF:
		return copy_self(tree, step);
	case ROOTFS_OVERLAY:
		return add_layer(tree, step);
	case ROOTFS_DETACH:
		return detach(tree, step);
	case ROOTFS_DEVPTS:
		return mount_filesystem(tree, "devpts", step);
	}
	return -EINVAL;
}

static int fill(struct root_tree *tree, const struct plan *plan, struct failure *failure)
{
	for (size_t i = 0; i < plan->rootfs_count; i++) {
		const struct rootfs_step *step = &plan->rootfs[i];
		int result;

		tree->done = i;
		result = carry_out(tree, step);

		if (result == -ENOENT && (step->flags & ROOTFS_OPTIONAL) != 0)
			continue;
		if (result == -ELOOP && (tree->link_refused || (step->flags & ROOTFS_SERVED) != 0))
			return fail(failure, STEP_ROOTFS, ELOOP,
				    "%s %s%s%s: its mount point, or a directory above it, is a "
				    "symbolic link",
				    root_step_describe((enum rootfs_action)step->action),
				    step->target, step->source[0] == '\0' ? "" : " from ",
				    step->source);
		if (result < 0)
			return fail(failure, STEP_ROOTFS, result == -ESTALE ? ECANCELED : -result,
				    "%s %s%s%s%s",
				    root_step_describe((enum rootfs_action)step->action),
				    step->target, step->source[0] == '\0' ? "" : " from ",
				    step->source, result == -ESTALE ? HOST_PATH_REPLACED : "");
	}
	return 0;
}

int rootfs_make_private(struct failure *failure)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail(failure, STEP_ROOTFS, errno, "make the host's mounts private");
	return 0;
}

int rootfs_build(const struct plan *plan, int staging_fd, int runtime_fd, const int *sources,
		 struct failure *failure)
{
	struct root_tree tree = { .plan = plan,
				  .sources = sources,
				  .runtime_fd = runtime_fd,
				  .parent_fd = -1,
				  .cover_fd = -1 };
	owned_fd root_fd = -1;
	int result = rootfs_make_private(failure);

	if (result < 0)
		return result;
	root_fd = filesystem_new("tmpfs", plan->root_options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (root_fd < 0)
		return fail(failure, STEP_ROOTFS, -root_fd, "mount the root tmpfs (%s)",
			    plan->root_options);
	if (sys_move_mount(root_fd, "", staging_fd, "",
			   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail(failure, STEP_ROOTFS, errno, "attach the new root at %s",
			    plan->staging);
	tree.root_fd = root_fd;
	result = fill(&tree, plan, failure);
	close_fd(&tree.parent_fd);
	close_fd(&tree.cover_fd);
	return result < 0 ? result : release(&root_fd);
}

int rootfs_pivot(int root_fd, struct failure *failure)
{
	if (fchdir(root_fd) < 0)
		return fail(failure, STEP_PIVOT, errno, "enter the new root");
	/* pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new
	 * one and is detached from there, so no directory for it is needed. */
	if (sys_pivot_root(".", ".") < 0)
		return fail(failure, STEP_PIVOT, errno, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		return fail(failure, STEP_PIVOT, errno, "detach the host's root");
	if (chdir("/") < 0)
		return fail(failure, STEP_PIVOT, errno, "enter /");
	return 0;
}
