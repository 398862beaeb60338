#include "launch/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/syscalls.h"

/* No access for others: a container that gets such a directory by mistake can't enter it. */
int cgroup_make_directory(const struct cgroup *cgroup, const char *path)
{
	bool own = cgroup->owner == geteuid();

	if (mkdir(path, own ? 0700 : 0750) < 0 ||
	    (!own && chown(path, (uid_t)-1, cgroup->group) < 0))
		return -errno;
	return 0;
}

static int make_directories(const struct plan *plan, const struct cgroup *cgroup,
			    struct failure *failure)
{
	for (size_t i = 0; i < plan->cgroup.directory_count; i++) {
		const char *path = plan->cgroup.directories[i];
		int result = cgroup_make_directory(cgroup, path);

		if (result < 0 && result != -EEXIST)
			return fail(failure, STEP_CGROUP, -result, "make cgroup %s", path);
	}
	return 0;
}

/* Writes to the same control file are adjacent, so they share one descriptor. The kernel requires
 * a separate write(2) for each value. */
static int write_limits(const struct plan *plan, struct failure *failure)
{
	owned_fd fd = -1;

	for (size_t i = 0; i < plan->cgroup.write_count; i++) {
		const struct cgroup_write *entry = &plan->cgroup.writes[i];

		if (i == 0 || strcmp(entry->path, entry[-1].path) != 0) {
			close_fd(&fd);
			fd = openat(AT_FDCWD, entry->path, O_WRONLY | O_CLOEXEC);
		}
		if (fd < 0 || write(fd, entry->value, strlen(entry->value)) < 0)
			return fail(failure, STEP_CGROUP, errno, "write %s to %s", entry->value,
				    entry->path);
	}
	return 0;
}

/* In cgroup v2 an eBPF program attached to the directory controls device access
 * (Documentation/admin-guide/cgroup-v2.rst, "Device controller"). It stays attached as long as the
 * directory exists. */
static int control_devices(const struct plan *plan, int directory_fd, struct failure *failure)
{
	static const char license[] = "GPL";
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uint64_t)(uintptr_t)plan->cgroup.devices,
		.insn_cnt = (uint32_t)(plan->cgroup.devices_length / sizeof(struct bpf_insn)),
		.license = (uint64_t)(uintptr_t)license,
	};
	union bpf_attr attach = { .target_fd = (uint32_t)directory_fd,
				  .attach_type = BPF_CGROUP_DEVICE };
	owned_fd program = -1;

	if (plan->cgroup.devices_length == 0)
		return 0;
	program = sys_bpf(BPF_PROG_LOAD, &load, sizeof(load));
	if (program < 0)
		return fail(failure, STEP_CGROUP, errno, "load the eBPF device program");
	attach.attach_bpf_fd = (uint32_t)program;
	if (sys_bpf(BPF_PROG_ATTACH, &attach, sizeof(attach)) < 0)
		return fail(failure, STEP_CGROUP, errno, "attach the eBPF device program to %s",
			    plan->cgroup.unified);
	return 0;
}

static int open_members(const struct plan *plan, struct cgroup *cgroup, struct failure *failure)
{
	if (plan->cgroup.join_count > CGROUP_JOINS_MAX)
		return fail(failure, STEP_CGROUP, E2BIG, "join %zu cgroup hierarchies",
			    plan->cgroup.join_count);
	if (plan->cgroup.unified[0] != '\0') {
		cgroup->unified_fd = openat(AT_FDCWD, plan->cgroup.unified,
					    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (cgroup->unified_fd < 0)
			return fail(failure, STEP_CGROUP, errno, "open cgroup %s",
				    plan->cgroup.unified);
		if (control_devices(plan, cgroup->unified_fd, failure) < 0)
			return -failure->error;
	}
	for (size_t i = 0; i < plan->cgroup.join_count; i++) {
		int fd = openat(AT_FDCWD, plan->cgroup.joins[i], O_WRONLY | O_CLOEXEC);

		if (fd < 0)
			return fail(failure, STEP_CGROUP, errno, "open %s", plan->cgroup.joins[i]);
		cgroup->join_fds[cgroup->join_count++] = fd;
	}
	return 0;
}

int cgroup_create(const struct plan *plan, struct cgroup *cgroup, struct failure *failure)
{
	int result = make_directories(plan, cgroup, failure);

	cgroup->unified_fd = -1;
	cgroup->join_count = 0;
	if (result == 0)
		result = write_limits(plan, failure);
	if (result == 0)
		result = open_members(plan, cgroup, failure);
	if (result < 0) {
		cgroup_close(cgroup);
		cgroup_remove(plan);
	}
	return result;
}

/* Writing 0 to a v1 "tasks" file moves the calling thread only, so the kernel skips the
 * lock over all thread groups that cgroup.procs takes: 40 µs instead of up to 9 ms
 * (kernel/cgroup/cgroup.c, cgroup_procs_write_start). */
int cgroup_join(const struct cgroup *cgroup, struct failure *failure)
{
	for (size_t i = 0; i < cgroup->join_count; i++) {
		if (write(cgroup->join_fds[i], "0", 1) < 0)
			return fail(failure, STEP_CGROUP, errno, "join cgroup hierarchy %zu", i);
	}
	return 0;
}

int cgroup_open_unified(const struct plan *plan, const char *file, int flags)
{
	owned_fd directory_fd = openat(AT_FDCWD, plan->cgroup.unified,
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd = directory_fd < 0 ? -1 : openat(directory_fd, file, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cgroup_watch_memory(const struct plan *plan)
{
	/* Any member stalls for 500 ms within 1 s. */
	static const char trigger[] = "some 500000 1000000";
	owned_fd fd = cgroup_open_unified(plan, "memory.pressure", O_RDWR | O_NONBLOCK);

	if (fd < 0)
		return fd;
	/* With the NUL, as in the documentation. */
	return write(fd, trigger, sizeof(trigger)) < 0 ? -errno : release(&fd);
}

void cgroup_lift_soft_limit(const struct plan *plan)
{
	owned_fd fd = cgroup_open_unified(plan, "memory.high", O_WRONLY);

	if (fd >= 0)
		(void)!write(fd, "max", 3);
}

/* The file with the count of OOM kills that belongs to the limit file `limit`, or NULL. */
static const char *counting_file(const char *limit)
{
	if (strcmp(limit, "memory.max") == 0)
		return "memory.events";
	return strcmp(limit, "memory.limit_in_bytes") == 0 ? "memory.oom_control" : NULL;
}

static bool counts_kills(const char *path)
{
	static const char name[] = "oom_kill ";
	char text[1024];
	owned_fd fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (got <= 0)
		return false;
	text[got] = '\0';
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, sizeof(name) - 1) == 0)
			return line[sizeof(name) - 1] != '0';
	}
	return false;
}

bool cgroup_ran_out_of_memory(const struct plan *plan)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < plan->cgroup.write_count; i++) {
		const char *limit = plan->cgroup.writes[i].path;
		const char *slash = strrchr(limit, '/');
		const char *file = slash == NULL ? NULL : counting_file(slash + 1);
		int length;

		if (file == NULL)
			continue;
		length = snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - limit), limit, file);
		if (length > 0 && (size_t)length < sizeof(path) && counts_kills(path))
			return true;
	}
	return false;
}

FILE *cgroup_members(const char *directory)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/cgroup.procs", directory);

	return length < 0 || (size_t)length >= sizeof(path) ? NULL : fopen(path, "re");
}

/* Whether a path in /proc/PID/cgroup contains the directory's name. */
static bool is_member(const char *directory, pid_t pid)
{
	const char *name = strrchr(directory, '/');
	size_t length = name == NULL ? 0 : strlen(name);
	char path[64];
	char text[8192];
	owned_fd fd = -1;
	ssize_t got;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got <= 0 || length < 2)
		return false;
	text[got] = '\0';
	for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
		if (at[length] == '\n' || at[length] == '/' || at[length] == '\0')
			return true;
	}
	return false;
}

int cgroup_open_member(const char *directory, pid_t pid)
{
	owned_fd pidfd = sys_pidfd_open(pid);
	struct pollfd polled = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0)
		return -errno;
	/* Still alive, so the PID was not reused before the check. */
	if (!is_member(directory, pid) || poll(&polled, 1, 0) != 0)
		return -ESRCH;
	return release(&pidfd);
}

int cgroup_kill_members(const char *directory)
{
	FILE *members = cgroup_members(directory);
	char line[32];
	int seen = 0;

	while (members != NULL && fgets(line, sizeof(line), members) != NULL) {
		owned_fd pidfd = cgroup_open_member(directory, (pid_t)strtol(line, NULL, 10));

		if (pidfd >= 0)
			(void)sys_pidfd_send_signal(pidfd, SIGKILL);
		seen++;
	}
	if (members != NULL)
		(void)fclose(members);
	return seen;
}

rlim_t cgroup_process_limit(const struct plan *plan)
{
	for (size_t i = 0; i < plan->cgroup.write_count; i++) {
		const struct cgroup_write *entry = &plan->cgroup.writes[i];
		const char *slash = strrchr(entry->path, '/');

		if (slash != NULL && strcmp(slash + 1, "pids.max") == 0)
			return strtoull(entry->value, NULL, 10);
	}
	return RLIM_INFINITY;
}

void cgroup_close(struct cgroup *cgroup)
{
	close_fd(&cgroup->unified_fd);
	while (cgroup->join_count > 0)
		(void)close(cgroup->join_fds[--cgroup->join_count]);
}

void cgroup_remove_directory(const char *path)
{
	struct timespec pause = { .tv_nsec = 500000 };

	for (int attempt = 0; attempt < 12; attempt++) {
		if (rmdir(path) == 0 || errno != EBUSY)
			return;
		(void)nanosleep(&pause, NULL);
		pause.tv_nsec = pause.tv_nsec < 200000000 ? pause.tv_nsec * 2 : pause.tv_nsec;
	}
}

const char *cgroup_exec_parent(const struct plan *plan)
{
	static const char *const harmless[] = { "/sys/fs/cgroup/pids/", "/sys/fs/cgroup/devices/" };

	if (plan->cgroup.unified[0] != '\0')
		return plan->cgroup.unified;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		for (size_t j = 1; j < plan->cgroup.directory_count; j++) {
			if (strncmp(plan->cgroup.directories[j], harmless[i],
				    strlen(harmless[i])) == 0)
				return plan->cgroup.directories[j];
		}
	}
	return NULL;
}

/* Removes the cgroups of all execs of a container that has ended. */
static void remove_exec_groups(const struct plan *plan)
{
	const char *parent = cgroup_exec_parent(plan);
	DIR *directory = parent == NULL ? NULL : opendir(parent);

	if (directory == NULL)
		return;
	for (const struct dirent *entry = readdir(directory); entry != NULL;
	     entry = readdir(directory)) {
		char path[PATH_MAX];

		if (entry->d_type == DT_DIR && strstr(entry->d_name, CGROUP_EXEC_SUFFIX) != NULL &&
		    snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name) <
			    (int)sizeof(path))
			cgroup_remove_directory(path);
	}
	(void)closedir(directory);
}

void cgroup_remove(const struct plan *plan)
{
	remove_exec_groups(plan);
	if (plan->cgroup.freezer[0] != '\0')
		cgroup_remove_directory(plan->cgroup.freezer);
	for (size_t i = plan->cgroup.directory_count; i > 0; i--)
		cgroup_remove_directory(plan->cgroup.directories[i - 1]);
}
