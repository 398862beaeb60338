#include "launch/mount_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "launch/host_path.h"
#include "launch/id_map.h"

/* Opens a step's source; if it was checked before, it must be the same file. */
static int open_checked(const struct rootfs_step *step, int flags)
{
	owned_fd fd = openat(AT_FDCWD, step->source, flags | O_CLOEXEC);
	int result = fd < 0 ? -errno : host_path_is(fd, step->device, step->inode);

	return result < 0 ? result : release(&fd);
}

/* Clones a host tree with its submounts and sets the attributes on each: a bind remount would leave
 * the submounts writable, mount_setattr(2) with AT_RECURSIVE does not. Private, so that later
 * mounts of the host do not appear in the container. */
static int clone_at(int at, const char *path, unsigned int flags, uint64_t attributes)
{
	struct mount_attr attr = { .attr_set = attributes, .propagation = MS_PRIVATE };
	owned_fd fd = sys_open_tree(at, path,
				    flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (fd < 0 || sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0)
		return -errno;
	return release(&fd);
}

int mount_source_clone(const char *source, uint64_t attributes)
{
	return clone_at(AT_FDCWD, source, 0, attributes);
}

int mount_source_clone_checked(const struct rootfs_step *step)
{
	owned_fd fd = -1;

	if (step->inode == 0)
		return mount_source_clone(step->source, step->attributes);
	fd = open_checked(step, O_PATH);
	return fd < 0 ? fd : clone_at(fd, "", AT_EMPTY_PATH, step->attributes);
}

/* Clones a tree so that files of the step's user on disk belong to the workload; other users are
 * not mapped (mount_setattr(2), "ID-mapped mounts"). */
static int clone_owned(const struct plan *plan, const struct rootfs_step *step)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	owned_fd fd = mount_source_clone_checked(step);
	owned_fd owner = fd < 0 ? -1 : id_map_owner_userns(plan, step->uid, step->gid);

	if (fd < 0 || owner < 0)
		return fd < 0 ? fd : owner;
	attr.userns_fd = (__u64)owner;
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0)
		return -errno;
	return release(&fd);
}

static int clone_mapped(const struct rootfs_step *step, int user_namespace_fd)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP,
				   .userns_fd = (__u64)user_namespace_fd };
	owned_fd fd = mount_source_clone_checked(step);

	if (fd < 0 || (step->flags & (ROOTFS_MAPPED | ROOTFS_TRY_MAPPED)) == 0)
		return fd < 0 ? fd : release(&fd);
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) == 0)
		return release(&fd);
	if ((step->flags & ROOTFS_MAPPED) != 0)
		return -errno;
	/* Some of its file systems don't support it: the owners then appear as nobody. */
	return release(&fd);
}

/* Opened for reading only after O_PATH has shown it to be the checked regular file: opening a
 * device can have side effects, and opening a FIFO can block. */
int mount_source_secret(const struct rootfs_step *step)
{
	struct stat status;
	char path[64];
	owned_fd found = open_checked(step, O_PATH | O_NOFOLLOW);
	owned_fd fd = -1;

	if (found < 0)
		return found;
	if (fstat(found, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISLNK(status.st_mode) ? -ELOOP : -EINVAL;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : release(&fd);
}

int mount_source_open(const struct plan *plan, const struct rootfs_step *step,
		      int user_namespace_fd)
{
	if (step->action == ROOTFS_SECRET)
		return mount_source_secret(step);
	if ((step->flags & ROOTFS_OWNED) != 0)
		return clone_owned(plan, step);
	return clone_mapped(step, user_namespace_fd);
}

bool mount_sources_need_owners(const struct plan *plan)
{
	for (size_t i = 0; i < plan->rootfs_count; i++) {
		if ((plan->rootfs[i].flags & ROOTFS_OWNED) != 0)
			return true;
	}
	return false;
}

int *mount_sources_new(const struct plan *plan)
{
	int *sources = malloc((plan->rootfs_count + 1) * sizeof(*sources));

	for (size_t i = 0; sources != NULL && i < plan->rootfs_count; i++)
		sources[i] = NOT_OPENED;
	return sources;
}

int mount_sources_open_owned(const struct plan *plan, int **sources, struct failure *failure)
{
	int *opened = mount_sources_new(plan);

	*sources = opened;
	if (opened == NULL)
		return fail(failure, STEP_ROOTFS, ENOMEM, "allocate the list of mount sources");
	for (size_t i = 0; i < plan->rootfs_count; i++) {
		const struct rootfs_step *step = &plan->rootfs[i];

		if ((step->flags & ROOTFS_OWNED) == 0)
			continue;
		opened[i] = clone_owned(plan, step);
		if (opened[i] < 0)
			return fail(
				failure, STEP_ROOTFS, opened[i] == -ESTALE ? ECANCELED : -opened[i],
				"bind %s from %s, its owner mapped to the workload%s", step->target,
				step->source, opened[i] == -ESTALE ? HOST_PATH_REPLACED : "");
	}
	return 0;
}

void mount_sources_close(const struct plan *plan, int *sources)
{
	for (size_t i = 0; sources != NULL && i < plan->rootfs_count; i++) {
		if (sources[i] >= 0)
			(void)close(sources[i]);
	}
	free(sources);
}
