#include "launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/process.h"
#include "base/syscalls.h"
#include "base/title.h"
#include "base/wire.h"
#include "launch/confine.h"
#include "launch/gvisor_root.h"
#include "launch/handles.h"
#include "launch/host_path.h"
#include "launch/init.h"
#include "launch/mount_check.h"
#include "launch/mount_sources.h"
#include "launch/pty.h"
#include "launch/rootfs.h"
#include "launch/userns.h"

static void mark(struct launch_report *report, enum step step)
{
	report->timeline.done[step] = monotonic_ns();
}

/* Brings up the loopback interface of a new network namespace (netdevice(7)). */
static int raise_loopback(struct failure *failure)
{
	struct ifreq request = { .ifr_name = "lo" };
	owned_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return fail(failure, STEP_NETWORK, errno, "bring up the loopback interface");
	return 0;
}

/* Whether the network namespace was created ahead: that takes most of the time of a clone. */
static bool network_prepared(const struct launch *launch)
{
	return launch->netns_fd >= 0 && (launch->plan->namespaces & CLONE_NEWNET) != 0;
}

static int enter_network(const struct launch *launch, struct failure *failure)
{
	if ((launch->plan->namespaces & CLONE_NEWNET) == 0)
		return 0;
	if (!network_prepared(launch))
		return raise_loopback(failure);
	/* Cloned in it: its user namespace has no right to enter or administer it. */
	if ((launch->plan->namespaces & CLONE_NEWUSER) != 0)
		return 0;
	if (setns(launch->netns_fd, CLONE_NEWNET) < 0)
		return fail(failure, STEP_NETWORK, errno, "enter the prepared network namespace");
	return 0;
}

int launch_prepare_network(void)
{
	struct failure failure;
	owned_fd home = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	owned_fd fresh = -1;
	int result;

	if (home < 0 || unshare(CLONE_NEWNET) < 0)
		return -errno;
	result = raise_loopback(&failure);
	fresh = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	/* A spawner that can't return would launch containers into the wrong network. */
	if (setns(home, CLONE_NEWNET) < 0)
		_exit(1);
	if (result < 0)
		return result;
	return fresh < 0 ? -ENFILE : release(&fresh);
}

static int enter_cgroup(const struct launch *launch, struct failure *failure)
{
	int result = cgroup_join(launch->cgroup, failure);

	if (result < 0)
		return result;
	/* Only now, so that the namespace's root is the container's own cgroup
	 * (cgroup_namespaces(7)). */
	if ((launch->plan->namespaces & CLONE_NEWCGROUP) != 0 && unshare(CLONE_NEWCGROUP) < 0)
		return fail(failure, STEP_NAMESPACES, errno, "unshare the cgroup namespace");
	return 0;
}

static int build_root(const struct launch *launch, const int *sources, struct launch_report *report)
{
	const struct plan *plan = launch->plan;
	owned_fd staging_fd = openat(AT_FDCWD, plan->staging, O_PATH | O_DIRECTORY | O_CLOEXEC);
	owned_fd runtime_fd = -1;
	owned_fd root_fd = -1;
	int result;

	if (staging_fd < 0)
		return fail(&report->failure, STEP_ROOTFS, errno, "open %s", plan->staging);
	if (userns_enter(plan, &report->failure) < 0)
		return -report->failure.error;
	if (sethostname(plan->hostname, strlen(plan->hostname)) < 0)
		return fail(&report->failure, STEP_HOSTNAME, errno, "set hostname %s",
			    plan->hostname);
	mark(report, STEP_HOSTNAME);
	if (plan_uses_gvisor(plan)) {
		runtime_fd = gvisor_make_root(plan, &report->failure);
		if (runtime_fd < 0)
			return runtime_fd;
	}
	root_fd = rootfs_build(plan, staging_fd, runtime_fd, sources, &report->failure);
	if (root_fd < 0)
		return root_fd;
	mark(report, STEP_ROOTFS);
	result = plan_uses_gvisor(plan)
			 ? gvisor_enter_root(plan, runtime_fd, root_fd, &report->failure)
			 : rootfs_pivot(root_fd, &report->failure);
	if (result == 0)
		result = mount_check(plan, &report->failure);
	if (result == 0)
		mark(report, STEP_PIVOT);
	return result;
}

/* Opens the terminal for the standard streams, if the plan has one, while nothing has run yet that
 * could have put something else in its place. The shim gets the master, and no process inside keeps
 * it. */
static int open_terminal(const struct launch *launch, struct stdio *stdio, struct failure *failure)
{
	static const char name[] = "terminal";
	owned_fd master = -1;
	int slave = -1;
	int result;

	if (launch->terminal_fd < 0)
		return 0;
	result = pty_open_inside(&launch->plan->terminal_size, &master, &slave);
	if (result < 0)
		return fail(failure, STEP_ROOTFS, -result, "open a terminal in /dev/pts");
	*stdio = (struct stdio){ slave, slave, slave };
	result = descriptors_send(launch->terminal_fd, name, sizeof(name) - 1, &master, 1);
	return result < 0 ? fail(failure, STEP_ROOTFS, -result, "send the terminal to the shim")
			  : 0;
}

/* Connects the standard streams, and closes every inherited descriptor but those to the shim. Paths
 * that are resolved from here on may be under the container's control: none of them may reach a
 * directory, socket or file of the supervisor by number, in /proc/self/fd or otherwise (cf.
 * CVE-2024-21626). */
static int shed_descriptors(const struct launch *launch, const struct stdio *stdio, int go_fd,
			    struct failure *failure)
{
	const int kept[] = { launch->status_fd, launch->init_fd, launch->shim_pidfd, go_fd };
	int result;

	if (dup2(stdio->in, STDIN_FILENO) < 0 || dup2(stdio->out, STDOUT_FILENO) < 0 ||
	    dup2(stdio->err, STDERR_FILENO) < 0)
		return fail(failure, STEP_EXEC, errno, "connect the standard streams");
	result = descriptors_keep(kept, sizeof(kept) / sizeof(kept[0]));
	return result < 0 ? fail(failure, STEP_EXEC, -result, "close_range") : 0;
}

/* The container dies with its shim (PR_SET_PDEATHSIG), and does not start without it. */
static int follow_shim(const struct launch *launch, struct failure *failure)
{
	struct pollfd shim = { .fd = launch->shim_pidfd, .events = POLLIN };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return fail(failure, STEP_CAPABILITIES, errno, "PR_SET_PDEATHSIG");
	if (poll(&shim, 1, 0) != 0)
		return fail(failure, STEP_CAPABILITIES, ESRCH, "the shim has died");
	return 0;
}

static int confine(const struct launch *launch, struct launch_report *report)
{
	const struct plan *plan = launch->plan;
	int result = confine_rlimits(plan, &report->failure);

	if (result < 0)
		return result;
	mark(report, STEP_RLIMITS);
	result = confine_identity(plan, &report->failure);
	if (result < 0)
		return result;
	mark(report, STEP_CAPABILITIES);
	/* An init stays PID 1: nothing inside may trace it or read its memory, not even briefly. */
	if (plan->init && prctl(PR_SET_DUMPABLE, 0) < 0)
		return fail(&report->failure, STEP_CAPABILITIES, errno, "PR_SET_DUMPABLE");
	/* Again: the change of identity has cleared PR_SET_PDEATHSIG (prctl(2)). Nothing clears it
	 * after this. */
	result = follow_shim(launch, &report->failure);
	if (result < 0)
		return result;
	result = confine_landlock(plan, &report->failure);
	if (result == 0)
		mark(report, STEP_LANDLOCK);
	return result;
}

static int write_report(int fd, const struct launch_report *report)
{
	/* Less than PIPE_BUF, so never partial (pipe(7)). */
	_Static_assert(sizeof(*report) < 4096, "a report is written at once");
	return write(fd, report, sizeof(*report)) == (ssize_t)sizeof(*report) ? 0 : -errno;
}

/* Blocks until the shim releases it: for hooks, or in the state "created" of the OCI runtime
 * specification. */
static void halt(const struct launch *launch, int go_fd, enum halt where,
		 struct launch_report *report)
{
	uint8_t released;

	report->halt = (uint8_t)where;
	if (write_report(launch->status_fd, report) < 0 || read(go_fd, &released, 1) != 1)
		_exit(127);
	report->halt = HALT_NONE;
}

static _Noreturn void give_up(const struct launch *launch, struct launch_report *report)
{
	report->failed = true;
	(void)write_report(launch->status_fd, report);
	_exit(127);
}

/* Without an init the shim fetches the listener itself, and the process waits until it has. */
static void await_listener(int go_fd)
{
	uint8_t go;

	/* Blocks even if the filter reports the read(2). End of file: the shim has exited. */
	if (read(go_fd, &go, 1) != 1)
		_exit(127);
}

/* The last steps of the workload's process, up to seccomp and exec. The report is written before
 * exec, because afterwards nothing is left to write it; if exec fails, a second report replaces the
 * first. `listener_fd`: pipe to an init, for the listener's number; or -1. */
static _Noreturn void run_workload(const struct launch *launch, int go_fd, int listener_fd,
				   struct launch_report *report)
{
	const struct plan *plan = launch->plan;
	int result = plan->terminal ? pty_take() : 0;
	int listener;

	if (result < 0) {
		(void)fail(&report->failure, STEP_EXEC, -result, "take the terminal");
		give_up(launch, report);
	}
	if (confine_workdir(plan->workdir, &report->failure) < 0)
		give_up(launch, report);
	/* A shim that is not root has to fetch the listener, and the change of identity has made
	 * this process undumpable (ptrace(2), "Ptrace access mode checking"). No other process is
	 * inside yet. */
	if (!plan->init && plan->uid_map_count > 0)
		(void)prctl(PR_SET_DUMPABLE, 1);
	if (plan->hold)
		halt(launch, go_fd, HALT_HELD, report);
	listener = confine_seccomp(plan, true, &report->failure);
	if (listener < 0)
		give_up(launch, report);
	if (listener > 0 && listener_fd >= 0 &&
	    write(listener_fd, &listener, sizeof(listener)) != (ssize_t)sizeof(listener))
		_exit(127);
	report->listener = listener_fd < 0 ? listener : 0;
	if (write_report(launch->status_fd, report) < 0)
		_exit(127);
	if (report->listener > 0)
		await_listener(go_fd);
	(void)confine_exec(plan->argv, plan->envp, &report->failure);
	give_up(launch, report);
}

/* The namespaces, the IDs and the control group. sources: the mount sources that the plan names. */
static int enter_confinement(const struct launch *launch, int go_fd, int **sources,
			     struct launch_report *report)
{
	const struct plan *plan = launch->plan;
	int result;

	mark(report, STEP_NAMESPACES);
	result = follow_shim(launch, &report->failure);
	if (result < 0)
		return result;
	/* Read here, while the host's /proc is still mounted: a reader outside would block while an
	 * exec is under way. The value is by this process's own clocks (time_namespaces(7)), by
	 * which it may have started at 0. */
	report->start_ticks = process_start_ticks(0) +
			      launch->clocks_begin * (uint64_t)sysconf(_SC_CLK_TCK);
	confine_inherited(plan);
	if (userns_await(plan, go_fd, sources, &report->failure) < 0)
		return -report->failure.error;
	if (plan->uid_map_count > 0)
		mark(report, STEP_IDENTITY_MAP);
	else
		*sources = launch->owned;
	result = enter_cgroup(launch, &report->failure);
	if (result < 0)
		return result;
	mark(report, STEP_CGROUP);
	result = enter_network(launch, &report->failure);
	if (result < 0)
		return result;
	mark(report, STEP_NETWORK);
	return 0;
}

/* Makes this process the container's, up to what it executes. */
static int prepare(const struct launch *launch, int go_fd, struct launch_report *report)
{
	static const struct init_record handles = { .type = INIT_HANDLES };
	struct stdio stdio = launch->stdio;
	int *sources;
	int result = enter_confinement(launch, go_fd, &sources, report);

	if (result < 0)
		return result;
	if (plan_has_hooks(launch->plan, HOOK_CREATE_RUNTIME)) {
		halt(launch, go_fd, HALT_HOOKS, report);
		mark(report, STEP_HOOKS);
	}
	(void)umask(0);
	if (setsid() < 0)
		return fail(&report->failure, STEP_NAMESPACES, errno, "setsid");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(&report->failure, STEP_NAMESPACES, errno, "PR_SET_NO_NEW_PRIVS");
	result = build_root(launch, sources, report);
	(void)umask(022);
	if (result == 0)
		result = open_terminal(launch, &stdio, &report->failure);
	if (result == 0)
		result = shed_descriptors(launch, &stdio, go_fd, &report->failure);
	if (result == 0 && launch->hands_over)
		result = handles_send(launch->init_fd, &handles, sizeof(handles), &report->failure);
	return result < 0 ? result : confine(launch, report);
}

/* The stack of the workload's process until it executes its command. */
static _Alignas(4096) char workload_stack[128 * 1024];
#define WORKLOAD_STACK_USED 24576U /* bytes of it that are usually used */

/* The argument of workload_main(). */
struct workload_args {
	const struct launch *launch;
	struct launch_report *report;
	int go_fd;
	int listener_fd; /* pipe for the number of the listener's descriptor */
};

static int workload_main(void *argument)
{
	const struct workload_args *args = argument;

	(void)setsid();
	run_workload(args->launch, args->go_fd, args->listener_fd, args->report);
}

/* The workload shares the init's descriptor table until its exec, so the init has the filter's
 * listener too, and no filter keeps the init from sending it on. The workload also borrows the
 * init's memory while the init is suspended, as with vfork(2); but not if it is traced: then its
 * calls before exec wait for answers, which need the listener. */
static long clone_workload(struct workload_args *args, int *pidfd)
{
	const unsigned int shared = CLONE_FILES | CLONE_PIDFD | SIGCHLD;
	struct clone_args copying = {
		.flags = CLONE_FILES | CLONE_PIDFD,
		.pidfd = (__u64)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid;

	if (args->launch->plan->seccomp_mode != SECCOMP_TRACE)
		return clone(workload_main, workload_stack + sizeof(workload_stack),
			     (int)(shared | CLONE_VM | CLONE_VFORK), args, pidfd);
	pid = sys_clone3(&copying);
	if (pid == 0)
		_exit(workload_main(args));
	return pid;
}

/* The number of the listener's descriptor, as the workload's process reports it; 0 if the process
 * ends, or executes its command, without one. */
static int await_listener_number(int listener_fd, int pidfd, bool traced)
{
	struct pollfd polled[] = {
		{ .fd = listener_fd, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN },
	};
	int number = 0;

	while (poll(polled, 2, traced ? -1 : 0) < 0 && errno == EINTR) {
	}
	if ((polled[0].revents & POLLIN) == 0 ||
	    read(listener_fd, &number, sizeof(number)) != (ssize_t)sizeof(number))
		return 0;
	return number;
}

/* Becomes the init, PID 1 for the container's life; its child becomes the workload. */
static _Noreturn void become_init(const struct launch *launch, int go_fd,
				  struct launch_report *report)
{
	struct workload_args args = { .launch = launch, .report = report, .go_fd = go_fd };
	bool traced = launch->plan->seccomp_mode == SECCOMP_TRACE;
	int listener_pipe[2];
	int pidfd = -1;
	long pid;

	title_set("nucleus-init");
	if (pipe2(listener_pipe, O_CLOEXEC) < 0) {
		(void)fail(&report->failure, STEP_EXEC, errno, "open a pipe to the workload");
		give_up(launch, report);
	}
	args.listener_fd = listener_pipe[1];
	pid = clone_workload(&args, &pidfd);
	if (pid < 0) {
		(void)fail(&report->failure, STEP_EXEC, errno, "fork the workload");
		give_up(launch, report);
	}
	init_run((pid_t)pid, launch->init_fd,
		 await_listener_number(listener_pipe[0], pidfd, traced));
}

static _Noreturn void run_child(const struct launch *launch, int go_fd)
{
	struct launch_report report = { .timeline = launch->timeline };

	if (prepare(launch, go_fd, &report) < 0)
		give_up(launch, &report);
	if (launch->plan->init)
		become_init(launch, go_fd, &report);
	run_workload(launch, go_fd, -1, &report);
}

void launch_populate_pages(void)
{
	(void)madvise(workload_stack + sizeof(workload_stack) - WORKLOAD_STACK_USED,
		      WORKLOAD_STACK_USED, MADV_POPULATE_WRITE);
}

/* Makes a time namespace for later children, in which monotonic and boot time start now: the
 * container is not to see the host's uptime (time_namespaces(7)). */
static int begin_clocks(struct launch *launch, struct failure *failure)
{
	static const char path[] = "/proc/self/timens_offsets";
	struct timespec monotonic;
	struct timespec boot;
	char text[128];
	owned_fd fd = -1;
	int length;

	if (unshare(CLONE_NEWTIME) < 0)
		return fail(failure, STEP_NAMESPACES, errno, "make a time namespace");
	(void)clock_gettime(CLOCK_MONOTONIC, &monotonic);
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	launch->clocks_begin = (uint64_t)boot.tv_sec;
	/* Whole seconds: the nanoseconds of an offset can't be negative. */
	length = snprintf(text, sizeof(text), "monotonic -%lld 0\nboottime -%lld 0\n",
			  (long long)monotonic.tv_sec, (long long)boot.tv_sec);
	fd = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		return fail(failure, STEP_NAMESPACES, errno, "write %s", path);
	return 0;
}

static long clone_copying(struct launch *launch, struct clone_args *arguments)
{
	int go[2];
	long pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, go) < 0)
		return -1;
	pid = sys_clone3(arguments);
	if (pid == 0) {
		(void)close(go[1]);
		run_child(launch, go[0]);
	}
	(void)close(go[0]);
	if (pid < 0)
		(void)close(go[1]);
	else
		launch->go_fd = go[1];
	return pid;
}

/* A child in a user namespace can't enter the network namespace that was created ahead, so it is
 * cloned in it. */
static long clone_child(struct launch *launch, struct clone_args *arguments)
{
	owned_fd home = -1;
	long pid;

	if (!network_prepared(launch) || (launch->plan->namespaces & CLONE_NEWUSER) == 0)
		return clone_copying(launch, arguments);
	home = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0 || setns(launch->netns_fd, CLONE_NEWNET) < 0)
		return -1;
	pid = clone_copying(launch, arguments);
	/* A shim that can't return would connect within the wrong network. */
	if (setns(home, CLONE_NEWNET) < 0)
		_exit(1);
	return pid;
}

/* Connects the network namespace, before anything of the container sees it. */
static int attach_links(struct launch *launch, struct failure *failure)
{
	const struct plan *plan = launch->plan;

	if (plan->link_count > 0 && launch->netns_fd < 0)
		launch->netns_fd = launch_prepare_network();
	if (plan->link_count > 0 && launch->netns_fd < 0)
		return fail(failure, STEP_NETWORK, -launch->netns_fd, "make a network namespace");
	for (size_t i = 0; i < plan->link_count; i++) {
		if (link_attach(&plan->links[i], launch->netns_fd, failure) < 0)
			return -failure->error;
	}
	return 0;
}

int launch_start(struct launch *launch, struct failure *failure)
{
	struct plan *plan = launch->plan;
	struct clone_args arguments = {
		.flags = (plan->namespaces & ~(uint32_t)CLONE_NEWCGROUP) | CLONE_PIDFD,
		.pidfd = (__u64)(uintptr_t)&launch->pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid;

	if (launch->cgroup->unified_fd >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (__u64)launch->cgroup->unified_fd;
	}
	launch->go_fd = -1;
	if (attach_links(launch, failure) < 0)
		return -failure->error;
	if (network_prepared(launch))
		arguments.flags &= ~(__u64)CLONE_NEWNET;
	if (host_paths_check(plan, failure) < 0)
		return -failure->error;
	if (plan->uid_map_count == 0 && mount_sources_need_owners(plan) &&
	    mount_sources_open_owned(plan, &launch->owned, failure) < 0) {
		mount_sources_close(plan, launch->owned);
		return -failure->error;
	}
	if (plan->time_namespace && begin_clocks(launch, failure) < 0)
		return -failure->error;
	pid = clone_child(launch, &arguments);
	mount_sources_close(plan, launch->owned);
	if (pid < 0)
		return fail(failure, STEP_NAMESPACES, errno, "clone with namespaces %#x",
			    plan->namespaces);
	launch->pid = (pid_t)pid;
	if (plan->uid_map_count == 0)
		return 0;
	return userns_grant(plan, launch->pid, launch->go_fd, failure);
}
