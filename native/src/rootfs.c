#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "descriptors.h"
#include "host_path.h"
#include "overlay.h"
#include "sandbox.h"
#include "sources.h"
#include "syscalls.h"

/* Opens a path as seen from the new root: symbolic links can't lead out of it
 * (openat2(2), RESOLVE_IN_ROOT), magic links lead nowhere. */
static int open_in_root(int root_fd, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = sys_openat2(root_fd, path, &how);

	return fd < 0 ? -errno : fd;
}

/* The root under construction. The directory that the last step worked in stays open:
 * most steps work where the one before them did. */
struct tree {
	const struct plan *plan;
	const int *sources; /* by step, opened already; or NULL */
	int runtime_fd;     /* the root of a sandbox's runtime, or -1 */
	int root_fd;
	size_t done;       /* steps that have been carried out */
	bool link_refused; /* a symbolic link on the way to a mount point was refused */
	int parent_fd;
	char parent[PATH_MAX];
	int cover_fd; /* an empty read-only tmpfs, made when first needed */
};

/* What of a path lies below a directory, from its slash on; or NULL. */
static const char *remainder_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && path[length] == '/' ? path + length : NULL;
}

/* The outermost bind mount made so far that contains `directory` and isn't part of the root file
 * system, or NULL. Another container, or an earlier run of this one, may have replaced names in it.
 */
static const struct rootfs_step *changeable_above(const struct tree *tree, const char *directory)
{
	const struct rootfs_step *found = NULL;

	for (size_t i = 0; i < tree->done; i++) {
		const struct rootfs_step *at = &tree->plan->rootfs[i];
		bool bound = at->action == ROOTFS_VOLUME || at->action == ROOTFS_BIND;

		if (bound && (at->flags & ROOTFS_NAMED) != 0 && (at->flags & ROOTFS_IMAGE) == 0 &&
		    remainder_below(directory, at->target) != NULL &&
		    (found == NULL || strlen(at->target) < strlen(found->target)))
			found = at;
	}
	return found;
}

/* Opens a directory that a mount point is in, or is made in. Links are followed inside the new
 * root, as images have them; but none below a mount whose names others may change: they would
 * choose where the next mount goes. */
static int open_directory(struct tree *tree, const char *path)
{
	const struct rootfs_step *above = changeable_above(tree, path);
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	owned_fd top = -1;
	int fd;

	if (above == NULL)
		return open_in_root(tree->root_fd, path, O_PATH | O_DIRECTORY);
	top = open_in_root(tree->root_fd, above->target, O_PATH | O_DIRECTORY);
	if (top < 0)
		return top;
	fd = sys_openat2(top, remainder_below(path, above->target) + 1, &how);
	tree->link_refused = fd < 0 && errno == ELOOP;
	return fd < 0 ? -errno : fd;
}

/* Opens the directory that holds the last component of `path`, and points `name` to
 * that component. The descriptor stays the tree's. */
static int open_parent(struct tree *tree, const char *path, const char **name)
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

/* After a mount: a directory opened before may be covered now. */
static void forget_parent(struct tree *tree, const char *target)
{
	if (tree->parent_fd >= 0 && strncmp(tree->parent, target, strlen(target)) == 0)
		close_fd(&tree->parent_fd);
}

static int make_directory(struct tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = open_parent(tree, step->target, &name);

	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, step->mode) < 0)
		return errno == EEXIST ? 0 : -errno;
	if ((step->uid != 0 || step->gid != 0) &&
	    fchownat(parent, name, step->uid, step->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int make_file(struct tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = open_parent(tree, step->target, &name);
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

static int make_symlink(struct tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = open_parent(tree, step->target, &name);

	if (parent < 0)
		return parent;
	return symlinkat(step->source, parent, name) < 0 ? -errno : 0;
}

static int make_device(struct tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = open_parent(tree, step->target, &name);
	dev_t device = makedev((unsigned int)(step->attributes >> 32),
			       (unsigned int)(step->attributes & UINT32_MAX));

	if (parent < 0)
		return parent;
	return mknodat(parent, name, S_IFCHR | step->mode, device) < 0 ? -errno : 0;
}

/* Makes an empty mount target. An existing file is never opened, so never truncated. */
static int make_target(int parent, const char *name, int mount_fd)
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

/* Mounts on the target. The directory it is in was resolved inside the root, and
 * move_mount(2) follows no link in the last component. */
static int attach(struct tree *tree, int mount_fd, const char *target)
{
	const char *name;
	int parent = open_parent(tree, target, &name);
	int result;

	if (parent < 0)
		return parent;
	if (sys_move_mount(mount_fd, "", parent, name, MOVE_MOUNT_F_EMPTY_PATH) < 0) {
		if (errno != ENOENT)
			return -errno;
		result = make_target(parent, name, mount_fd);
		if (result < 0)
			return result;
		if (sys_move_mount(mount_fd, "", parent, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return -errno;
	}
	forget_parent(tree, target);
	return 0;
}

/* What was opened for the step ahead, or NOT_OPENED. */
static int opened_source(const struct tree *tree, const struct rootfs_step *step)
{
	return tree->sources == NULL ? NOT_OPENED
				     : tree->sources[(size_t)(step - tree->plan->rootfs)];
}

static int source_of(const struct tree *tree, const struct rootfs_step *step)
{
	int opened = opened_source(tree, step);

	return opened == NOT_OPENED ? clone_source(step) : opened;
}

static int bind_tree(struct tree *tree, const struct rootfs_step *step)
{
	owned_fd clone = source_of(tree, step);

	return clone < 0 ? clone : attach(tree, clone, step->target);
}

/* Sets "key=value" and "flag" options, separated by commas. "noswap" is left out where the
 * kernel refuses it: a secret that may be swapped is better than none. */
static int set_options(int context, const char *options)
{
	char buffer[512];
	char *rest = NULL;

	if (strlen(options) >= sizeof(buffer))
		return -E2BIG;
	memcpy(buffer, options, strlen(options) + 1);
	for (char *option = strtok_r(buffer, ",", &rest); option != NULL;
	     option = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(option, '=');
		int result;

		if (value == NULL) {
			result = sys_fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0);
			/* Linux 6.4 has it, outside user namespaces only (tmpfs(5)). */
			if (result < 0 && errno == EINVAL && strcmp(option, "noswap") == 0)
				result = 0;
		} else {
			*value++ = '\0';
			result = sys_fsconfig(context, FSCONFIG_SET_STRING, option, value, 0);
		}
		if (result < 0)
			return -errno;
	}
	return 0;
}

static int new_filesystem(const char *type, const char *options, uint64_t attributes)
{
	owned_fd context = sys_fsopen(type, FSOPEN_CLOEXEC);
	int result;

	if (context < 0)
		return -errno;
	result = set_options(context, options);
	if (result < 0)
		return result;
	if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	result = sys_fsmount(context, FSMOUNT_CLOEXEC, (unsigned int)attributes);
	return result < 0 ? -errno : result;
}

static int mount_filesystem(struct tree *tree, const char *type, const struct rootfs_step *step)
{
	owned_fd mount_fd = new_filesystem(type, step->source, step->attributes);

	return mount_fd < 0 ? mount_fd : attach(tree, mount_fd, step->target);
}

/* What covers a directory: one empty read-only tmpfs, and copies of it. The first cover is
 * the file system's own mount and is asked for copies where it is attached: a mount that
 * is attached nowhere in the end costs a grace period when it is closed
 * (fs/namespace.c, namespace_unlock). */
static int open_cover(struct tree *tree)
{
	int fd;

	if (tree->cover_fd < 0) {
		tree->cover_fd = new_filesystem("tmpfs", "size=0,nr_inodes=1,mode=555",
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
static int mask(struct tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = open_parent(tree, step->target, &name);
	struct stat status;
	owned_fd cover = -1;

	if (parent < 0)
		return parent;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	cover = step->action == ROOTFS_MASK_FILE ? clone_tree("/dev/null", 0) : open_cover(tree);
	if (cover < 0)
		return cover;
	return sys_move_mount(cover, "", parent, name, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

static int seal(struct tree *tree, const struct rootfs_step *step)
{
	struct mount_attr attr = { .attr_set = step->attributes };
	owned_fd target = open_in_root(tree->root_fd, step->target, O_PATH);

	if (target < 0)
		return target;
	return sys_mount_setattr(target, "", AT_EMPTY_PATH, &attr) < 0 ? -errno : 0;
}

static int add_layer(struct tree *tree, const struct rootfs_step *step)
{
	owned_fd lower = source_of(tree, step);
	owned_fd overlay = lower < 0 ? lower
				     : overlay_new(tree->plan, tree->root_fd, step->target, lower);

	return overlay < 0 ? overlay : attach(tree, overlay, step->target);
}

/* Its mount point goes too: nothing of it is left to be seen. */
static int detach(struct tree *tree, const struct rootfs_step *step)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "/proc/self/fd/%d%s", tree->root_fd, step->target) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	forget_parent(tree, step->target);
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 || rmdir(path) < 0)
		return -errno;
	return 0;
}

/* Copies through memory that is wiped: nothing of a secret stays in a process that lives
 * on. */
static int copy_secret(struct tree *tree, const struct rootfs_step *step)
{
	const char *name;
	uint8_t buffer[4096];
	int parent = open_parent(tree, step->target, &name);
	int opened = opened_source(tree, step);
	owned_fd from = opened == NOT_OPENED ? open_secret(step) : opened;
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

/* This program runs from a sealed copy in memory, which can't be bound: so another copy. */
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

static int copy_self(struct tree *tree, const struct rootfs_step *step)
{
	const char *name;
	int parent = open_parent(tree, step->target, &name);

	return parent < 0 ? parent : rootfs_copy_self(parent, name, step->mode);
}

/* The last of the steps before that is served and that the target lies below, or NULL. */
static const struct rootfs_step *served_above(const struct tree *tree,
					      const struct rootfs_step *step)
{
	for (const struct rootfs_step *at = step; at > tree->plan->rootfs;) {
		at--;
		if ((at->flags & ROOTFS_SERVED) != 0 &&
		    remainder_below(step->target, at->target) != NULL)
			return at;
	}
	return NULL;
}

/* Where a step that is served is attached, below the root of the runtime. */
static int served_path(const struct tree *tree, const struct rootfs_step *step, const char *below,
		       char *path, size_t size)
{
	size_t index = (size_t)(step - tree->plan->rootfs);
	int length = snprintf(path, size, "%s/%zu%s", SANDBOX_VOLUMES + 1, index, below);

	return length >= (int)size ? -ENAMETOOLONG : 0;
}

/* Opens below the root of the runtime; a link on the way is an error. */
static int open_served(const struct tree *tree, const char *path)
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

/* The mount point of what is mounted below another mount that is served: the runtime makes it
 * there if it is missing. Others can change that tree: what looks like a way elsewhere already is
 * refused, and what becomes one later ends in the runtime's root, which has nothing of the
 * host's. */
static int check_point_served(const struct tree *tree, const struct rootfs_step *above,
			      const struct rootfs_step *step, int mount_fd)
{
	char path[PATH_MAX];
	struct stat status;
	owned_fd found = -1;
	int result = served_path(tree, above, remainder_below(step->target, above->target), path,
				 sizeof(path));

	if (result < 0)
		return result;
	found = open_served(tree, path);
	if (found < 0)
		return found == -ENOENT ? 0 : found;
	return fstat(found, &status) < 0 ? -errno : compare_kind(&status, mount_fd);
}

/* An empty mount point in the new root, for what the runtime mounts there. */
static int make_point(struct tree *tree, const struct rootfs_step *step, int mount_fd)
{
	const char *name;
	int parent = open_parent(tree, step->target, &name);
	struct stat status;

	if (parent < 0)
		return parent;
	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return compare_kind(&status, mount_fd);
	return errno == ENOENT ? make_target(parent, name, mount_fd) : -errno;
}

/* Attaches where no link leads, and looks whether it is there. */
static int attach_served(const struct tree *tree, const struct rootfs_step *step, int mount_fd)
{
	char path[64];
	struct stat wanted;
	struct stat attached;
	owned_fd found = -1;
	int result = served_path(tree, step, "", path, sizeof(path));

	if (result == 0)
		result = make_target(tree->runtime_fd, path, mount_fd);
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

/* The runtime of a sandbox mounts it by itself, and follows the path that it finds it by from its
 * own root: so by a path of ours, and never by the target, in which others can change names. */
static int serve(struct tree *tree, const struct rootfs_step *step)
{
	const struct rootfs_step *above = served_above(tree, step);
	owned_fd clone = source_of(tree, step);
	int result;

	if (clone < 0)
		return clone;
	result = above == NULL ? make_point(tree, step, clone)
			       : check_point_served(tree, above, step, clone);
	return result < 0 ? result : attach_served(tree, step, clone);
}

static int carry_out(struct tree *tree, const struct rootfs_step *step)
{
	if ((step->flags & ROOTFS_SERVED) != 0)
		return serve(tree, step);
	/* It is the runtime that sees what is mounted there. */
	if (step->action == ROOTFS_DIRECTORY && served_above(tree, step) != NULL)
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
	}
	return -EINVAL;
}

const char *rootfs_describe(enum rootfs_action action)
{
	static const char *const names[] = {
		[ROOTFS_DIRECTORY] = "make directory",
		[ROOTFS_FILE] = "write file",
		[ROOTFS_SYMLINK] = "make link",
		[ROOTFS_BIND] = "bind",
		[ROOTFS_TMPFS] = "mount tmpfs on",
		[ROOTFS_PROC] = "mount proc on",
		[ROOTFS_DEVICE] = "make device",
		[ROOTFS_MASK_FILE] = "mask",
		[ROOTFS_MASK_DIRECTORY] = "mask",
		[ROOTFS_SEAL] = "make read-only",
		[ROOTFS_VOLUME] = "bind volume",
		[ROOTFS_SECRET] = "copy secret",
		[ROOTFS_SELF] = "copy this program to",
		[ROOTFS_OVERLAY] = "mount an overlay on",
		[ROOTFS_DETACH] = "detach",
	};

	return names[action];
}

static int fill(struct tree *tree, const struct plan *plan, struct failure *failure)
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
				    "%s %s%s%s: a link is in the place of its mount point or of a "
				    "directory above it",
				    rootfs_describe((enum rootfs_action)step->action), step->target,
				    step->source[0] == '\0' ? "" : " from ", step->source);
		if (result < 0)
			return fail(failure, STEP_ROOTFS, result == -ESTALE ? ECANCELED : -result,
				    "%s %s%s%s%s",
				    rootfs_describe((enum rootfs_action)step->action), step->target,
				    step->source[0] == '\0' ? "" : " from ", step->source,
				    result == -ESTALE ? HOST_PATH_EXCHANGED : "");
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
	struct tree tree = { .plan = plan,
			     .sources = sources,
			     .runtime_fd = runtime_fd,
			     .parent_fd = -1,
			     .cover_fd = -1 };
	owned_fd root_fd = -1;
	int result = rootfs_make_private(failure);

	if (result < 0)
		return result;
	root_fd = new_filesystem("tmpfs", plan->root_options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
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

int rootfs_mount(const char *type, const char *options, uint64_t attributes, int directory_fd,
		 const char *target)
{
	owned_fd mount_fd = new_filesystem(type, options, attributes);

	if (mount_fd < 0)
		return mount_fd;
	return sys_move_mount(mount_fd, "", directory_fd, target, MOVE_MOUNT_F_EMPTY_PATH) < 0
		       ? -errno
		       : 0;
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
