/* Measures what a launch costs this machine's kernel, and nothing else: the shim's launch code in a
 * process that has parsed the plan before. No supervisor is forked, no message is sent, no log is
 * kept, no record is written.
 *
 * usage: launch-floor LAUNCHES PLAN...
 * A plan is a file with the bytes that a manager would send. Launches the first plan LAUNCHES times
 * with a pause between, then all plans in parallel, each about a tenth as often, and prints the
 * figures as "name value" lines. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/syscalls.h"
#include "base/wire.h"
#include "launch/cgroup.h"
#include "launch/launch.h"
#include "launch/plan.h"

#define PAUSE_NS 15000000L /* as in the manager's benchmark */
#define WARM_UP 50
#define WORKLOADS_MAX 256

/* One container's plan, and its standard streams. */
struct workload {
	struct plan plan;
	uint8_t *bytes;
	int null_fd;
};

/* In nanoseconds. */
struct times {
	uint64_t exec;
	uint64_t exit;
};

static _Noreturn void die(const char *what, int error)
{
	(void)fprintf(stderr, "launch-floor: %s: %s\n", what, strerror(error));
	exit(1);
}

/* Leaves no cgroup behind if the child has ended; it dies with this process. */
static _Noreturn void give_up(const struct workload *workload, const char *what, int error)
{
	cgroup_remove(&workload->plan);
	die(what, error);
}

static void read_workload(struct workload *workload, const char *file)
{
	struct failure failure;
	struct stat status;
	owned_fd fd = open(file, O_RDONLY | O_CLOEXEC);
	size_t length;

	if (fd < 0 || fstat(fd, &status) < 0)
		die(file, errno);
	length = (size_t)status.st_size;
	workload->bytes = malloc(length);
	if (workload->bytes == NULL || read(fd, workload->bytes, length) != (ssize_t)length)
		die(file, errno);
	if (plan_read(&workload->plan, workload->bytes, length, &failure) < 0)
		die(failure.detail, failure.error);
	workload->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* Waits for the report, and then for the end of the pipe, which exec(2) closes. There is no init to
 * take a listener from. */
static void await_exec(const struct workload *workload, const struct launch *launch, int status_fd)
{
	struct launch_report report;
	ssize_t got;

	while ((got = read(status_fd, &report, sizeof(report))) > 0) {
		if (got == (ssize_t)sizeof(report) && report.failed)
			give_up(workload, report.failure.detail, report.failure.error);
		if (report.listener > 0)
			(void)!write(launch->go_fd, "g", 1);
	}
	if (got < 0)
		give_up(workload, "read the report", errno);
}

/* Not counted: the network namespace, which a spawner creates before a request arrives, and the
 * teardown of the cgroup and the mounts. */
static struct times launch(struct workload *workload)
{
	struct cgroup cgroup = { .owner = geteuid() };
	struct failure failure;
	int status_pipe[2];
	char mounts[64];
	owned_fd mounts_fd = -1;
	owned_fd netns_fd = launch_prepare_network();
	struct launch launch = {
		.plan = &workload->plan,
		.cgroup = &cgroup,
		.stdio = { workload->null_fd, workload->null_fd, workload->null_fd },
		.init_fd = -1,
		.terminal_fd = -1,
		.netns_fd = netns_fd,
		.pidfd = -1,
	};
	struct times times;
	uint64_t begun;
	int status;

	if (pipe2(status_pipe, O_CLOEXEC) < 0)
		give_up(workload, "pipe2", errno);
	launch.status_fd = status_pipe[1];
	launch.shim_pidfd = sys_pidfd_open(getpid());
	begun = monotonic_ns();
	if (cgroup_create(&workload->plan, &cgroup, &failure) < 0 ||
	    launch_start(&launch, &failure) < 0)
		give_up(workload, failure.detail, failure.error);
	(void)close(release(&status_pipe[1]));
	await_exec(workload, &launch, status_pipe[0]);
	times.exec = monotonic_ns() - begun;
	(void)snprintf(mounts, sizeof(mounts), "/proc/%d/ns/mnt", launch.pid);
	/* While it is open, the kernel reports the exit before it tears down the mounts. A command
	 * that has exited has none any more. */
	mounts_fd = open(mounts, O_RDONLY | O_CLOEXEC);
	if (mounts_fd < 0 && errno != ENOENT)
		give_up(workload, mounts, errno);
	if (waitpid(launch.pid, &status, 0) < 0)
		give_up(workload, "waitpid", errno);
	times.exit = monotonic_ns() - begun;
	if (status != 0)
		give_up(workload, "the command failed", ECHILD);
	(void)close(status_pipe[0]);
	(void)close(launch.go_fd);
	(void)close(launch.pidfd);
	(void)close(launch.shim_pidfd);
	cgroup_close(&cgroup);
	cgroup_remove(&workload->plan);
	return times;
}

static int ascending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void print_percentile(const char *name, uint64_t *values, size_t count, size_t percent)
{
	size_t at = count * percent / 100;

	qsort(values, count, sizeof(*values), ascending);
	printf("%s-p%zu-ms %.3f\n", name, percent, (double)values[at] / 1e6);
}

static void one_at_a_time(struct workload *workload, size_t count)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t *exec = calloc(count, sizeof(*exec));
	uint64_t *end = calloc(count, sizeof(*end));

	if (exec == NULL || end == NULL)
		die("calloc", errno);
	for (size_t i = 0; i < count + WARM_UP; i++) {
		struct times times;

		(void)nanosleep(&pause, NULL);
		times = launch(workload);
		if (i < WARM_UP)
			continue;
		exec[i - WARM_UP] = times.exec;
		end[i - WARM_UP] = times.exit;
	}
	print_percentile("exec", exec, count, 50);
	print_percentile("exec", exec, count, 99);
	print_percentile("exit", end, count, 50);
	free(exec);
	free(end);
}

static void side_by_side(struct workload *workloads, size_t workload_count, size_t count)
{
	uint64_t begun = monotonic_ns();

	for (size_t i = 0; i < workload_count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork", errno);
		if (pid > 0)
			continue;
		for (size_t j = 0; j < count; j++)
			(void)launch(&workloads[i]);
		_exit(0);
	}
	for (size_t i = 0; i < workload_count; i++) {
		int status;

		if (wait(&status) < 0 || status != 0)
			die("a worker failed", ECHILD);
	}
	printf("launches-per-second %.0f\n",
	       (double)(workload_count * count) / ((double)(monotonic_ns() - begun) / 1e9));
}

/* As the shim does: an init waits for signals that it has inherited blocked. */
static void block_signals(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
}

int main(int argc, char **argv)
{
	static struct workload workloads[WORKLOADS_MAX];
	size_t workload_count = (size_t)argc - 2;
	size_t count = argc < 3 ? 0 : strtoul(argv[1], NULL, 10);

	if (count == 0 || workload_count > WORKLOADS_MAX) {
		(void)fprintf(stderr, "usage: launch-floor LAUNCHES PLAN...\n");
		return 2;
	}
	for (size_t i = 0; i < workload_count; i++)
		read_workload(&workloads[i], argv[i + 2]);
	block_signals();
	launch_populate_pages();
	one_at_a_time(&workloads[0], count);
	side_by_side(workloads, workload_count, count / 10 + 1);
	return 0;
}
