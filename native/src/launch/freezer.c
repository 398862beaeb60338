#include "launch/freezer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/wire.h"

/* Maximum passes over the members, some of which may be forked while others are moved. Each pass
 * freezes all it finds, which leaves only children of members not yet found: two or three passes
 * suffice. */
#define PASSES_MAX 1000

/* Checks, one each millisecond, after which a cgroup that does not freeze is thawed briefly. */
#define REFREEZE_CHECKS 300
#define REFREEZE_PAUSE_MS 10

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

struct pids {
	long *list; /* sorted */
	size_t count;
};

static int compare_pids(const void *one, const void *other)
{
	long a = *(const long *)one;
	long b = *(const long *)other;

	return (a > b) - (a < b);
}

static void free_pids(struct pids *pids)
{
	free(pids->list);
}

/* 0, or a negative errno. */
static int read_members(const char *directory, struct pids *pids)
{
	char line[32];
	size_t capacity = 0;
	int result = 0;
	FILE *members = cgroup_members(directory);

	if (members == NULL)
		return -EIO;
	while (result == 0 && fgets(line, sizeof(line), members) != NULL) {
		if (pids->count == capacity) {
			long *larger;

			capacity = capacity == 0 ? 64 : capacity * 2;
			larger = reallocarray(pids->list, capacity, sizeof(long));
			result = larger == NULL ? -ENOMEM : 0;
			pids->list = larger == NULL ? pids->list : larger;
		}
		if (result == 0)
			pids->list[pids->count++] = strtol(line, NULL, 10);
	}
	(void)fclose(members);
	if (pids->count > 0)
		qsort(pids->list, pids->count, sizeof(long), compare_pids);
	return result;
}

static bool contains(const struct pids *pids, long pid)
{
	return pids->count > 0 &&
	       bsearch(&pid, pids->list, pids->count, sizeof(long), compare_pids) != NULL;
}

/* Moves one process. The write names it by PID, which may be reused after the check: if the process
 * is still alive afterwards, it was the one that was moved; else the process that was moved in its
 * place is moved back. 1 if it was moved, 0 if it has ended, or a negative errno. */
static int move_one(const char *from, const char *freezer, int freezer_fd, long pid)
{
	char number[32];
	char root[PATH_MAX];
	owned_fd pidfd = cgroup_open_member(from, (pid_t)pid);
	struct pollfd polled = { .fd = pidfd, .events = POLLIN };
	const char *slash = strrchr(freezer, '/');
	owned_fd other = -1;

	if (pidfd < 0)
		return pidfd == -ESRCH ? 0 : pidfd;
	(void)snprintf(number, sizeof(number), "%ld", pid);
	if (write(freezer_fd, number, strlen(number)) < 0)
		return errno == ESRCH ? 0 : -errno;
	if (poll(&polled, 1, 0) == 0)
		return 1;
	other = cgroup_open_member(from, (pid_t)pid);
	if (other < 0) {
		(void)snprintf(root, sizeof(root), "%.*s", (int)(slash - freezer), freezer);
		(void)write_in(root, "cgroup.procs", number);
	}
	return 0;
}

/* Moves the processes of `from` that are not in the freezer yet. Returns how many it moved, or a
 * negative errno. */
static int move_members(const char *from, const char *freezer, int64_t deadline)
{
	__attribute__((cleanup(free_pids))) struct pids frozen = { 0 };
	__attribute__((cleanup(free_pids))) struct pids members = { 0 };
	owned_fd freezer_fd = open_in(freezer, "cgroup.procs", O_WRONLY);
	int moved = 0;
	int result = freezer_fd < 0 ? freezer_fd : read_members(freezer, &frozen);

	if (result == 0)
		result = read_members(from, &members);
	for (size_t i = 0; result >= 0 && i < members.count; i++) {
		if (contains(&frozen, members.list[i]))
			continue;
		result = monotonic_ms() > deadline
				 ? -ETIMEDOUT
				 : move_one(from, freezer, freezer_fd, members.list[i]);
		moved += result > 0;
	}
	return result < 0 ? result : moved;
}

/* Makes the freezer's cgroup. Processes started in the container from now on join it as well. */
static int make_freezer_cgroup(const char *directory, struct cgroup *cgroup)
{
	int fd = cgroup_make_directory(cgroup, directory);

	if (fd < 0)
		return fd == -EEXIST ? 0 : fd;
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
	int64_t deadline = monotonic_ms() + FREEZE_TIMEOUT_MS;
	int result = make_freezer_cgroup(freezer, cgroup);

	/* Frozen first: a process that is moved in freezes at once and can't fork any more. */
	if (result == 0)
		result = write_in(freezer, "freezer.state", "FROZEN");
	for (int turn = 0; result == 0 && turn < PASSES_MAX; turn++) {
		int moved = move_members(plan->cgroup.directories[0], freezer, deadline);

		if (moved == 0)
			return 0;
		if (moved < 0)
			result = moved;
	}
	return result < 0 ? result : -EAGAIN;
}

int freezer_set(const struct plan *plan, struct cgroup *cgroup, bool freeze)
{
	int result;

	if (plan->cgroup.unified[0] != '\0')
		return write_in(plan->cgroup.unified, "cgroup.freeze", freeze ? "1" : "0");
	if (plan->cgroup.freezer[0] == '\0' || plan->cgroup.directory_count == 0)
		return -EOPNOTSUPP;
	if (freeze)
		return freeze_legacy(plan, cgroup);
	result = write_in(plan->cgroup.freezer, "freezer.state", "THAWED");
	/* The cgroup is made with the first pause. */
	return result == -ENOENT ? 0 : result;
}

/* 1 if the file contains the text, 0 if not, or a negative errno. */
static int file_contains(int fd, const char *expected)
{
	char content[128];
	ssize_t length = pread(fd, content, sizeof(content) - 1, 0);

	if (length < 0)
		return -errno;
	content[length] = '\0';
	return strstr(content, expected) != NULL;
}

/* Retries, as runc does: a process may be in a system call that the v1 freezer can't interrupt, for
 * example one in a group traced by ptrace(2), and freeze at another moment. */
static void freeze_again(const struct plan *plan)
{
	(void)write_in(plan->cgroup.freezer, "freezer.state", "THAWED");
	(void)poll(NULL, 0, REFREEZE_PAUSE_MS);
	(void)write_in(plan->cgroup.freezer, "freezer.state", "FROZEN");
}

int freezer_await(const struct plan *plan, int64_t deadline)
{
	int looks = 0;
	bool unified = plan->cgroup.unified[0] != '\0';
	owned_fd fd = unified ? open_in(plan->cgroup.unified, "cgroup.events", O_RDONLY)
			      : open_in(plan->cgroup.freezer, "freezer.state", O_RDONLY);
	int result = fd < 0 ? fd : 0;

	while (result == 0) {
		/* v2 signals a change with POLLPRI; v1 updates its state only when it is read. */
		struct pollfd polled = { .fd = unified ? fd : -1, .events = POLLPRI };
		int64_t left = deadline - monotonic_ms();

		result = file_contains(fd, unified ? "frozen 1" : "FROZEN");
		if (result == 0 && left <= 0)
			result = -ETIMEDOUT;
		if (result == 0)
			(void)poll(&polled, 1, unified ? (int)left : 1);
		if (result == 0 && !unified && ++looks % REFREEZE_CHECKS == 0)
			freeze_again(plan);
	}
	return result < 0 ? result : 0;
}
