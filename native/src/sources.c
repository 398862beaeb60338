#include "sources.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "descriptors.h"
#include "syscalls.h"
#include "userns.h"

/* A copy of a host tree with its submounts, each with the attributes: a bind remount
 * would leave the submounts writable, mount_setattr(2) with AT_RECURSIVE does not. */
int clone_tree(const char *source, uint64_t attributes)
{
	struct mount_attr attr = { .attr_set = attributes };
	int fd = sys_open_tree(AT_FDCWD, source,
			       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (fd < 0)
		return -errno;
	if (attributes != 0 && sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0) {
		int error = errno;

		(void)close(fd);
		return -error;
	}
	return fd;
}

/* Makes the host directory of a persistent volume, with its parents. Only what was
 * made here gets the owner and mode of the plan: what is there belongs to somebody. */
int make_volume(const struct rootfs_step *step)
{
	char path[PATH_MAX];
	size_t length = strlen(step->source);
	owned_fd directory = -1;

	if (length == 0 || length >= sizeof(path) || step->source[0] != '/')
		return -EINVAL;
	memcpy(path, step->source, length + 1);
	for (char *at = path + 1; *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0711) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	if (mkdir(path, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;
	directory = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0 || fchown(directory, step->uid, step->gid) < 0 ||
	    fchmod(directory, step->mode) < 0)
		return -errno;
	return 0;
}

/* A tree whose files belong to the workload where they belong to the step's user on disk; no
 * other user is known there (mount_setattr(2), "ID-mapped mounts"). */
static int clone_owned(const struct plan *plan, const struct rootfs_step *step)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	owned_fd fd = clone_tree(step->source, step->attributes);
	owned_fd owner = fd < 0 ? -1 : userns_of_owner(plan, step->uid, step->gid);

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
	owned_fd fd = clone_tree(step->source, step->attributes);

	if (fd < 0 || (step->flags & (ROOTFS_MAPPED | ROOTFS_TRY_MAPPED)) == 0)
		return fd < 0 ? fd : release(&fd);
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) == 0)
		return release(&fd);
	if ((step->flags & ROOTFS_MAPPED) != 0)
		return -errno;
	/* Some of its file systems can't; then its owners look like nobody. */
	return release(&fd);
}

/* A regular file, by a path that ends in no link. */
int open_secret(const char *path)
{
	struct stat status;
	owned_fd fd = openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	return S_ISREG(status.st_mode) ? release(&fd) : -EINVAL;
}

bool source_is_needed(const struct rootfs_step *step)
{
	return step->action == ROOTFS_BIND || step->action == ROOTFS_VOLUME ||
	       step->action == ROOTFS_SECRET || step->action == ROOTFS_OVERLAY;
}

int source_open(const struct plan *plan, const struct rootfs_step *step, int user_namespace_fd)
{
	int result = step->action == ROOTFS_VOLUME ? make_volume(step) : 0;

	if (step->action == ROOTFS_SECRET)
		return open_secret(step->source);
	if ((step->flags & ROOTFS_OWNED) != 0)
		return clone_owned(plan, step);
	return result < 0 ? result : clone_mapped(step, user_namespace_fd);
}

bool source_needs_owners(const struct plan *plan)
{
	for (size_t i = 0; i < plan->rootfs_count; i++) {
		if ((plan->rootfs[i].flags & ROOTFS_OWNED) != 0)
			return true;
	}
	return false;
}

int *sources_new(const struct plan *plan)
{
	int *sources = malloc((plan->rootfs_count + 1) * sizeof(*sources));

	for (size_t i = 0; sources != NULL && i < plan->rootfs_count; i++)
		sources[i] = NOT_OPENED;
	return sources;
}

int sources_open_owned(const struct plan *plan, int **sources, struct failure *failure)
{
	int *opened = sources_new(plan);

	*sources = opened;
	if (opened == NULL)
		return fail(failure, STEP_ROOTFS, ENOMEM, "room for what is bound");
	for (size_t i = 0; i < plan->rootfs_count; i++) {
		const struct rootfs_step *step = &plan->rootfs[i];

		if ((step->flags & ROOTFS_OWNED) == 0)
			continue;
		opened[i] = clone_owned(plan, step);
		if (opened[i] < 0)
			return fail(failure, STEP_ROOTFS, -opened[i],
				    "bind %s from %s, with its owner as the workload", step->target,
				    step->source);
	}
	return 0;
}

void sources_close(const struct plan *plan, int *sources)
{
	for (size_t i = 0; sources != NULL && i < plan->rootfs_count; i++) {
		if (sources[i] >= 0)
			(void)close(sources[i]);
	}
	free(sources);
}
