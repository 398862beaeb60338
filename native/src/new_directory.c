#include "new_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "syscalls.h"
#include "wire.h"

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

/* Whether it is what this process has just made, and not a directory with something in it that the
 * owner of the one above has moved there meanwhile. */
static bool is_new(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_uid == geteuid() && is_empty(fd);
}

/* Makes a directory that is not there. A descriptor, or a negative errno; `*made`: it was made all
 * the same. */
static int make_one(int parent_fd, const char *name, const struct new_directory *make, bool *made)
{
	owned_fd fd = -1;

	*made = mkdirat(parent_fd, name, 0700) == 0;
	if (!*made)
		return -errno;
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && !is_new(fd))
		return -ESTALE;
	if (fd < 0 || fchown(fd, make->uid, make->gid) < 0 || fchmod(fd, make->mode) < 0)
		return -errno;
	return release(&fd);
}

/* Where others see it while it is made. */
static int make_in_place(int parent_fd, const char *name, const struct new_directory *make)
{
	bool made;
	owned_fd fd = make_one(parent_fd, name, make, &made);

	return fd >= 0 || fd == -EEXIST ? 0 : fd;
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
	bool made;
	int result;

	(void)snprintf(draft, sizeof(draft), ".nucleus-%d-%" PRIu64, getpid(), monotonic_ns());
	fd = make_one(parent_fd, draft, make, &made);
	if (fd >= 0 && sys_renameat2(parent_fd, draft, parent_fd, name, RENAME_NOREPLACE) == 0)
		return check_same(fd, parent_fd, name);
	result = fd < 0 ? fd : -errno;
	/* Only an empty directory goes; whose it is does not matter. */
	if (made)
		(void)unlinkat(parent_fd, draft, AT_REMOVEDIR);
	if (result == -EEXIST)
		return 0;
	/* Not every file system renames without replacing (rename(2)), as NFS; some let nobody
	 * choose an owner, as CIFS: the next try uses what is there then. */
	return made ? make_in_place(parent_fd, name, make) : result;
}
