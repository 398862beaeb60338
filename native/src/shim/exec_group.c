#include "shim/exec_group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "launch/cgroup.h"

static int path_of(char path[PATH_MAX], const char *parent, uint32_t id, const char *file)
{
	const char *slash = strrchr(parent, '/');
	int length = snprintf(path, PATH_MAX, "%s%s" CGROUP_EXEC_SUFFIX "%" PRIu32 "%s", parent,
			      slash == NULL ? "/" : slash, id, file);

	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int exec_group_make(const struct shim *shim, uint32_t id)
{
	const char *parent = cgroup_exec_parent(&shim->plan);
	bool unified = shim->plan.cgroup.unified[0] != '\0';
	char path[PATH_MAX];
	int fd;

	if (parent == NULL || path_of(path, parent, id, "") < 0 ||
	    cgroup_make_directory(&shim->cgroup, path) < 0)
		return -1;
	(void)path_of(path, parent, id, unified ? "" : "/tasks");
	fd = openat(AT_FDCWD, path,
		    unified ? O_RDONLY | O_DIRECTORY | O_CLOEXEC : O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		exec_group_remove(shim, id);
	return fd;
}

struct lineage {
	char state;
	pid_t parent;
	pid_t session;
};

/* Reads /proc/PID/stat (proc_pid_stat(5)). The name in it may contain anything, even ")". */
static bool read_lineage(pid_t pid, struct lineage *lineage)
{
	char path[64];
	char text[512];
	char *at;
	owned_fd fd = -1;
	ssize_t got;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got <= 0)
		return false;
	text[got] = '\0';
	at = strrchr(text, ')');
	if (at == NULL || strlen(at) < 4)
		return false;
	lineage->state = at[2];
	lineage->parent = (pid_t)strtol(at + 3, &at, 10);
	(void)strtol(at, &at, 10);
	lineage->session = (pid_t)strtol(at, NULL, 10);
	return true;
}

/* Kills the members of the session and the children of its leader. Returns how many it found: one
 * that has exited meanwhile may have left children. */
static int kill_session(pid_t session)
{
	DIR *processes = opendir("/proc");
	int seen = 0;

	if (processes == NULL)
		return 0;
	for (const struct dirent *entry = readdir(processes); entry != NULL;
	     entry = readdir(processes)) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		/* Opened before the process is checked, so that no other is killed. */
		owned_fd pidfd = pid > 0 ? sys_pidfd_open(pid) : -1;
		struct lineage lineage;

		if (pidfd < 0 || !read_lineage(pid, &lineage))
			continue;
		if ((lineage.session == session || lineage.parent == session) &&
		    lineage.state != 'Z') {
			(void)sys_pidfd_send_signal(pidfd, SIGKILL);
			seen++;
		}
	}
	(void)closedir(processes);
	return seen;
}

/* A process that forks and exits is gone before it can be killed, and so is its child, and so on.
 * In the pids hierarchy of version 1, a limit of 0 stops it from forking (cgroup-v1/pids.rst);
 * elsewhere the file does not exist. */
static void forbid_forks(const char *parent, uint32_t id)
{
	char path[PATH_MAX];
	owned_fd fd = -1;

	if (path_of(path, parent, id, "/pids.max") < 0)
		return;
	fd = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "0", 1);
}

bool exec_group_kill_session(pid_t pid)
{
	return kill_session(pid) == 0;
}

bool exec_group_kill(const struct shim *shim, uint32_t id)
{
	const char *parent = cgroup_exec_parent(&shim->plan);
	char path[PATH_MAX];
	owned_fd fd = -1;

	if (path_of(path, parent, id, "/cgroup.kill") < 0)
		return true;
	fd = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1", 1) == 1)
		return true;
	forbid_forks(parent, id);
	(void)path_of(path, parent, id, "");
	return cgroup_kill_members(path) == 0;
}

void exec_group_remove(const struct shim *shim, uint32_t id)
{
	char path[PATH_MAX];

	if (path_of(path, cgroup_exec_parent(&shim->plan), id, "") == 0)
		(void)rmdir(path);
}
