#include "freezer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"

/* How often members are looked for that were forked while others were moved. Each turn stops all
 * it finds, so that only children of those not yet found are left: two or three do. */
#define TURNS_MAX 1000

static int path_in(char path[PATH_MAX], const char *directory, const char *file)
{
	int length = snprintf(path, PATH_MAX, "%s/%s", directory, file);

	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* Opens `file` in a directory; a descriptor, or a negative errno. */
static int open_in(const char *directory, const char *file, int flags)
{
	char path[PATH_MAX];
	int fd = path_in(path, directory, file);

	if (fd == 0) {
		fd = openat(AT_FDCWD, path, flags | O_CLOEXEC);
		fd = fd < 0 ? -errno : fd;
	}
	return fd;
}

static int write_in(const char *directory, const char *file, const char *value)
{
	owned_fd fd = open_in(directory, file, O_WRONLY);

	if (fd < 0)
		return fd;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

/* The members of a cgroup, to be closed by fclose(3); or NULL. */
static FILE *members_of(const char *directory)
{
	owned_fd fd = open_in(directory, "cgroup.procs", O_RDONLY);
	FILE *members = fd < 0 ? NULL : fdopen(fd, "re");

	if (members != NULL)
		(void)release(&fd);
	return members;
}

static bool is_member(const char *directory, long pid)
{
	char line[32];
	bool found = false;
	FILE *members = members_of(directory);

	while (members != NULL && !found && fgets(line, sizeof(line), members) != NULL)
		found = strtol(line, NULL, 10) == pid;
	if (members != NULL)
		(void)fclose(members);
	return found;
}

/* Moves those of `from` that are not in the freezer yet, whole processes. How many it moved, or a
 * negative errno. */
static int move_members(const char *from, const char *freezer)
{
	char line[32];
	int moved = 0;
	int result = 0;
	FILE *members = members_of(from);
	owned_fd freezer_fd = open_in(freezer, "cgroup.procs", O_WRONLY);

	if (members == NULL || freezer_fd < 0)
		result = members == NULL ? -EIO : freezer_fd;
	while (result == 0 && fgets(line, sizeof(line), members) != NULL) {
		if (is_member(freezer, strtol(line, NULL, 10)))
			continue;
		if (write(freezer_fd, line, strlen(line)) >= 0)
			moved++;
		else if (errno != ESRCH)
			result = -errno;
	}
	if (members != NULL)
		(void)fclose(members);
	return result < 0 ? result : moved;
}

/* Whoever is run in the container from now on joins this hierarchy as well. */
static int make(const char *directory, struct cgroup *cgroup)
{
	int fd;

	if (mkdir(directory, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	if (cgroup->join_count == CGROUP_JOINS_MAX)
		return -E2BIG;
	fd = open_in(directory, "tasks", O_WRONLY);
	if (fd < 0)
		return fd;
	cgroup->join_fds[cgroup->join_count++] = fd;
	return 0;
}

static int freeze_legacy(const struct plan *plan, struct cgroup *cgroup)
{
	const char *freezer = plan->cgroup.freezer;
	int result = make(freezer, cgroup);

	/* Frozen first: who is moved in stands still at once and forks no more. */
	if (result == 0)
		result = write_in(freezer, "freezer.state", "FROZEN");
	for (int turn = 0; result == 0 && turn < TURNS_MAX; turn++) {
		int moved = move_members(plan->cgroup.directories[0], freezer);

		if (moved == 0)
			return 0;
		if (moved < 0)
			result = moved;
	}
	(void)write_in(freezer, "freezer.state", "THAWED");
	return result < 0 ? result : -EAGAIN;
}

int freezer_set(const struct plan *plan, struct cgroup *cgroup, bool freeze)
{
	if (plan->cgroup.unified[0] != '\0')
		return write_in(plan->cgroup.unified, "cgroup.freeze", freeze ? "1" : "0");
	if (plan->cgroup.freezer[0] == '\0' || plan->cgroup.directory_count == 0)
		return -EOPNOTSUPP;
	if (freeze)
		return freeze_legacy(plan, cgroup);
	return write_in(plan->cgroup.freezer, "freezer.state", "THAWED");
}
