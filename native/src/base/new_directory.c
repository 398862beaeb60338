#include "base/new_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/syscalls.h"
#include "base/wire.h"

static bool is_empty(int directory_fd)
{
	int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	size_t count = 0;

	if (directory == NULL) {
		close_fd(&fd);
		return false;
	}
	while (count <= 2 && readdir(directory) != NULL)
		count++;
	(void)closedir(directory);
	/* "." and ".." */
	return count <= 2;
}

/* Whether it is the directory that this process has just created, and not one with content that the
 * owner of the parent has moved there meanwhile. */
static bool is_new(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_uid == geteuid() && is_empty(fd);
}

/* Creates a directory that does not exist. Returns a descriptor, or a negative errno: then it is
 * removed, so that the next attempt does not take it for one that an operator created. */
static int make_one(int parent_fd, const char *name, const struct new_directory *make)
{
	owned_fd fd = -1;
	int result = 0;

	if (mkdirat(parent_fd, name, 0700) < 0)
		return -errno;
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && !is_new(fd))
		result = -ESTALE;
	else if (fd < 0 || fchown(fd, make->uid, make->gid) < 0 || fchmod(fd, make->mode) < 0)
		result = -errno;
	/* If it was replaced, only an empty directory is removed. */
	if (result < 0)
		(void)unlinkat(parent_fd, name, AT_REMOVEDIR);
	return result < 0 ? result : release(&fd);
}

static int check_same(int fd, int parent_fd, const char *name)
{
	struct stat made;
	struct stat found;

	if (fstat(fd, &made) < 0 || fstatat(parent_fd, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return made.st_dev == found.st_dev && made.st_ino == found.st_ino ? 0 : -ESTALE;
}

int new_directory_make(int parent_fd, const char *name, const struct new_directory *make)
{
	char draft[64];
	owned_fd fd = -1;
	int result;

	(void)snprintf(draft, sizeof(draft), ".nucleus-%d-%" PRIu64, getpid(), monotonic_ns());
	fd = make_one(parent_fd, draft, make);
	if (fd < 0)
		return fd;
	if (sys_renameat2(parent_fd, draft, parent_fd, name, RENAME_NOREPLACE) == 0)
		return check_same(fd, parent_fd, name);
	result = -errno;
	(void)unlinkat(parent_fd, draft, AT_REMOVEDIR);
	/* Some file systems, such as NFS, can't rename without replacing (rename(2)): there others
	 * see the directory while it is set up. */
	if (result == -EINVAL) {
		close_fd(&fd);
		fd = make_one(parent_fd, name, make);
		result = fd < 0 ? fd : 0;
	}
	return result == -EEXIST ? 0 : result;
}
