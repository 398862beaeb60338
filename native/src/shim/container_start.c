#include "shim/container_start.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/peer.h"
#include "base/syscalls.h"
#include "launch/id_map.h"
#include "launch/null_device.h"
#include "shim/answer.h"
#include "shim/attach.h"
#include "shim/connection.h"
#include "shim/guardian.h"
#include "shim/gvisor.h"
#include "shim/hooks.h"
#include "shim/init_report.h"
#include "shim/loop.h"
#include "shim/output.h"
#include "shim/sdnotify.h"
#include "shim/seccomp_notify.h"
#include "shim/shim_capabilities.h"
#include "shim/terminal.h"
#include "shim/ticket.h"

#define PLAN_TIMEOUT 30000 /* ms to receive the plan, which the manager may still be preparing */

uint8_t *shim_receive(int fd, enum request *type, size_t *length, struct failure *failure)
{
	uint8_t header[FRAME_HEADER];
	struct reader reader = { .at = header, .end = header + sizeof(header) };
	int result = read_exactly(fd, header, sizeof(header), PLAN_TIMEOUT);
	uint8_t *bytes;

	if (result < 0) {
		(void)fail(failure, STEP_PLAN, -result, "receive the launch plan");
		return NULL;
	}
	*length = read_u32(&reader);
	*type = (enum request)read_u8(&reader);
	if (*length > FRAME_MAX ||
	    (*type != REQUEST_PLAN && *type != REQUEST_FORCE_STOP && *type != REQUEST_NETWORK)) {
		(void)fail(failure, STEP_PLAN, EBADMSG,
			   "expected a launch plan of at most %u bytes", FRAME_MAX);
		return NULL;
	}
	bytes = malloc(*length);
	if (bytes == NULL) {
		(void)fail(failure, STEP_PLAN, ENOMEM, "allocate %zu bytes for the launch plan",
			   *length);
		return NULL;
	}
	result = read_exactly(fd, bytes, *length, PLAN_TIMEOUT);
	if (result < 0) {
		(void)fail(failure, STEP_PLAN, -result, "receive a launch plan of %zu bytes",
			   *length);
		free(bytes);
		return NULL;
	}
	return bytes;
}

static int make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mode_t mask;
	int result;

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	mask = umask(0177);
	result = bind(fd, (struct sockaddr *)&address, sizeof(address));
	(void)umask(mask);
	if (result < 0 || listen(fd, 64) < 0)
		return -errno;
	return release(&fd);
}

/* Creates a directory that only the manager's user can access. Returns its descriptor, or a
 * negative errno. */
static int make_directory(const struct shim *shim, const char *path)
{
	owned_fd fd = -1;

	if (mkdir(path, 0700) < 0)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (shim->owner != geteuid() && fchown(fd, shim->owner, shim->group) < 0))
		return -errno;
	return release(&fd);
}

/* Writes the manager's record of the container, by which a restarted manager finds it. The record
 * gets its name only once it is complete. If a crash interrupts this, there is no container,
 * because nothing runs yet. */
static int write_record(const struct shim *shim)
{
	owned_fd fd = openat(shim->directory_fd, "state.json.new",
			     O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t written;

	if (fd < 0 || (shim->owner != geteuid() && fchown(fd, shim->owner, shim->group) < 0))
		return -errno;
	written = write(fd, shim->plan.record, shim->plan.record_length);
	if (written < 0)
		return -errno;
	if ((size_t)written != shim->plan.record_length)
		return -ENOSPC;
	return renameat(shim->directory_fd, "state.json.new", shim->directory_fd, "state.json") < 0
		       ? -errno
		       : 0;
}

/* Whether the manager that sent the plan has disconnected: nobody waits for the container. */
static bool is_abandoned(const struct shim *shim)
{
	struct pollfd polled = { .fd = shim->connections->source.fd, .events = POLLRDHUP };

	return poll(&polled, 1, 0) == 1 && (polled.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* Listens before the container's directory exists, so that a manager that finds the directory can
 * tell a launch in progress from an interrupted one. If the manager that sent the plan has
 * disconnected, its successor may already have looked: the launch is abandoned, because no manager
 * would know of the container. */
static int open_socket(struct shim *shim, struct failure *failure)
{
	shim->listener.fd = make_socket(shim->plan.socket);
	if (shim->listener.fd < 0)
		return fail(failure, STEP_DIRECTORY, -shim->listener.fd, "listen on %s",
			    shim->plan.socket);
	shim->listener.events = POLLIN;
	if (shim->owner != geteuid())
		(void)!chown(shim->plan.socket, shim->owner, shim->group);
	if (is_abandoned(shim))
		return fail(failure, STEP_DIRECTORY, ECANCELED,
			    "the manager that requested the launch has disconnected");
	return 0;
}

/* Creates the container's directory, for its records and its log. */
static int open_directory(struct shim *shim, struct failure *failure)
{
	int parent;
	int result;

	shim->directory_fd = make_directory(shim, shim->plan.directory);
	if (shim->directory_fd < 0)
		return fail(failure, STEP_DIRECTORY, -shim->directory_fd, "make %s",
			    shim->plan.directory);
	result = write_record(shim);
	if (result < 0)
		return fail(failure, STEP_DIRECTORY, -result, "write %s/state.json",
			    shim->plan.directory);
	parent = fcntl(shim->directory_fd, F_DUPFD_CLOEXEC, 0);
	if (parent < 0)
		return fail(failure, STEP_DIRECTORY, errno, "open %s again", shim->plan.directory);
	stream_open(&shim->log, parent, shim->plan.log_bytes, shim->plan.log_files, shim->owner,
		    shim->group);
	return 0;
}

/* Tearing down a mount namespace takes longer than the rest of an exit, and the kernel does it
 * before it notifies the parent. A reference held here postpones it until afterwards. Called only
 * once the start has been reported, because this waits for an exec in progress
 * (exec_update_lock). */
static int hold_mounts(pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

static void workload_runs(struct shim *shim)
{
	struct failure failure = { 0 };

	shim->report.timeline.done[STEP_EXEC] = monotonic_ns();
	close_fd(&shim->go_fd);
	shim->started = true;
	shim->started_at = realtime_ns();
	tickets_launched(shim);
	for (struct connection *at = shim->connections; at != NULL; at = at->next)
		send_started(shim, at);
	/* A notified peer may have been woken on this CPU. */
	(void)sched_yield();
	shim->mounts_fd = hold_mounts(shim->pid);
	if (shim_drop_capabilities(&shim->plan, &failure) < 0)
		send_warning(shim, &failure);
	hooks_run(shim, HOOK_POSTSTART);
}

/* All launch reports have been read: unless the last one is a failure, the command runs. */
static void conclude_launch(struct shim *shim)
{
	close_fd(&shim->status.fd);
	sdnotify_mounted(shim);
	if (shim->report.failed || shim->report.halt != HALT_NONE ||
	    shim->report.timeline.done[STEP_RLIMITS] == 0)
		return;
	if (plan_uses_gvisor(&shim->plan))
		gvisor_await(shim, workload_runs);
	else
		workload_runs(shim);
}

/* After its report, the workload waits until the shim has fetched its seccomp listener. */
static void take_listener(struct shim *shim, struct launch_report *report)
{
	int result = notice_fetch(&shim->notices, shim->pidfd, report->listener);

	report->listener = 0;
	if (result < 0) {
		(void)fail(&report->failure, STEP_SECCOMP, -result,
			   "fetch the seccomp listener of the workload");
		report->failed = true;
		(void)sys_pidfd_send_signal(shim->pidfd, SIGKILL);
	}
	(void)!write(shim->go_fd, "g", 1);
	close_fd(&shim->go_fd);
}

static void end_launch(struct shim *shim)
{
	shim->report.failed = true;
	(void)sys_pidfd_send_signal(shim->pidfd, SIGKILL);
}

/* Called after the create-runtime hooks: resumes the child or, with a failure, ends the launch. */
static void resume_launch(struct shim *shim, const struct failure *failure)
{
	if (failure == NULL) {
		(void)!write(shim->go_fd, "g", 1);
		return;
	}
	shim->report.failure = *failure;
	end_launch(shim);
}

static void wait_for_start(struct shim *shim)
{
	shim->created = true;
	for (struct connection *at = shim->connections; at != NULL; at = at->next)
		send_created(shim, at);
}

int shim_release(struct shim *shim)
{
	if (!shim->created || shim->started || shim->exited)
		return -EINVAL;
	shim->created = false;
	return write(shim->go_fd, "g", 1) < 0 ? -errno : 0;
}

/* Makes the terminal's master the shim's end of the standard streams, or sends it to the console
 * socket. */
static int keep_terminal(struct shim *shim, int master)
{
	owned_fd owned = master;
	int result;

	if (shim->plan.console_socket[0] != '\0') {
		result = terminal_hand_over(shim->plan.console_socket, owned);
		return result < 0 ? fail(&shim->report.failure, STEP_DIRECTORY, -result,
					 "send the terminal to %s", shim->plan.console_socket)
				  : 0;
	}
	shim->stdin_fd = fcntl(owned, F_DUPFD_CLOEXEC, 0);
	if (shim->stdin_fd < 0)
		return fail(&shim->report.failure, STEP_DIRECTORY, errno, "duplicate the terminal");
	output_open(&shim->out, release(&owned), STREAM_STDOUT, &shim->log);
	return 0;
}

/* Receives the terminal, which the container opens once it has its root, before its last report. */
static int take_terminal(struct shim *shim)
{
	char name[16];
	size_t count = 0;
	int master = -1;

	if (shim->terminal_fd < 0 ||
	    descriptors_receive(shim->terminal_fd, name, sizeof(name), &master, 1, &count) <= 0 ||
	    count != 1)
		return 0;
	close_fd(&shim->terminal_fd);
	return keep_terminal(shim, master);
}

/* The status pipe carries the launch reports, and reaches end of file when execve(2) succeeds. */
static void status_ready(struct shim *shim, struct source *source, short revents)
{
	struct launch_report report;
	ssize_t got = read(source->fd, &report, sizeof(report));

	(void)revents;
	if (got == (ssize_t)sizeof(report)) {
		if (report.listener > 0 && !report.failed)
			take_listener(shim, &report);
		shim->report = report;
		if (!report.failed && take_terminal(shim) < 0) {
			end_launch(shim);
			return;
		}
		if (report.halt == HALT_HOOKS)
			hooks_run(shim, HOOK_CREATE_RUNTIME);
		else if (report.halt == HALT_HELD)
			wait_for_start(shim);
	} else if (got >= 0 || (errno != EAGAIN && errno != EINTR)) {
		conclude_launch(shim);
	}
}

void shim_finish_launch(struct shim *shim)
{
	while (shim->status.fd >= 0 && shim->status.ready == status_ready)
		status_ready(shim, &shim->status, POLLIN);
}

/* The pipes of one launch: read end, write end. */
struct pipes {
	int in[2];
	int out[2];
	int err[2];
	int status[2];
	int init[2];
	int terminal[2];
};

/* With gVisor, opens a terminal of the host, which runsc passes on; else a socket over which the
 * container sends the terminal that it opens. */
static int open_terminal(struct shim *shim, struct pipes *pipes, struct failure *failure)
{
	const struct plan *plan = &shim->plan;
	int result;

	if (!plan_uses_gvisor(plan))
		return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
				  pipes->terminal) < 0
			       ? fail(failure, STEP_DIRECTORY, errno,
				      "open a socket to the container")
			       : 0;
	result = terminal_open(shim, &plan->terminal_size, pipes->in, pipes->out, pipes->err);
	if (result < 0)
		return fail(failure, STEP_DIRECTORY, -result, "open a terminal");
	if (plan->console_socket[0] == '\0')
		return 0;
	result = terminal_hand_over(plan->console_socket, pipes->out[0]);
	close_fd(&pipes->in[1]);
	close_fd(&pipes->out[0]);
	return result < 0 ? fail(failure, STEP_DIRECTORY, -result, "send the terminal to %s",
				 plan->console_socket)
			  : 0;
}

static int open_pipes(struct shim *shim, struct pipes *pipes, struct failure *failure)
{
	const struct plan *plan = &shim->plan;
	int result = plan->keep_stdin && !plan->terminal ? pipe2(pipes->in, O_CLOEXEC) : 0;

	if (pipe2(pipes->status, O_CLOEXEC) < 0 ||
	    (plan->init && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipes->init) < 0))
		return fail(failure, STEP_DIRECTORY, errno, "open the pipes to the container");
	if (plan->terminal)
		return open_terminal(shim, pipes, failure);
	if (!plan->keep_stdin) {
		pipes->in[0] = null_device_open();
		pipes->in[1] = -1;
		result = pipes->in[0];
	}
	if (result < 0 || pipe2(pipes->out, O_CLOEXEC) < 0 || pipe2(pipes->err, O_CLOEXEC) < 0)
		return fail(failure, STEP_DIRECTORY, errno, "open the pipes to the container");
	id_map_chown_pipe(plan, pipes->out[1]);
	id_map_chown_pipe(plan, pipes->err[1]);
	if (plan->keep_stdin)
		id_map_chown_pipe(plan, pipes->in[0]);
	return 0;
}

static void keep_own_ends(struct shim *shim, struct pipes *pipes)
{
	output_open(&shim->out, pipes->out[0], STREAM_STDOUT, &shim->log);
	output_open(&shim->err, pipes->err[0], STREAM_STDERR, &shim->log);
	shim->log.rate = shim->plan.log_rate;
	shim->log.blocks = shim->plan.log_blocks;
	if (shim->plan.ticket_length == TICKET_BYTES &&
	    ticket_add(shim, 0, shim->plan.ticket, true) == 0) {
		shim->out.awaited = shim->err.awaited = true;
		shim->out.source.events = shim->err.source.events = 0;
		if (shim->log.rate == 0 || shim->log.rate > ATTACHED_LOG_RATE)
			shim->log.rate = ATTACHED_LOG_RATE;
	}
	if (shim->plan.init)
		init_report_open(shim, pipes->init[0]);
	shim->stdin_fd = pipes->in[1];
	if (shim->stdin_fd >= 0)
		(void)fcntl(shim->stdin_fd, F_SETFL, O_NONBLOCK);
	(void)close(pipes->in[0]);
	(void)close(pipes->out[1]);
	(void)close(pipes->err[1]);
	(void)close(pipes->status[1]);
	close_fd(&pipes->init[1]);
	shim->terminal_fd = pipes->terminal[0];
	close_fd(&pipes->terminal[1]);
}

/* Whether the host is out of a resource. A container may run without a cgroup where there are none,
 * but not for this reason. */
static bool is_out_of_resources(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOSPC;
}

/* Without a cgroup, the container's process limit is applied to its user: the only other such limit
 * that the kernel has (getrlimit(2), RLIMIT_NPROC). */
static int limit_processes_of_user(struct plan *plan)
{
	rlim_t processes = cgroup_process_limit(plan);
	struct rlimit_plan *limits;

	if (processes == RLIM_INFINITY || plan_uses_gvisor(plan))
		return 0;
	limits = arena_take(&plan->arena, plan->rlimit_count + 1, sizeof(*limits));
	if (limits == NULL)
		return -ENOMEM;
	if (plan->rlimit_count > 0)
		memcpy(limits, plan->rlimits, plan->rlimit_count * sizeof(*limits));
	limits[plan->rlimit_count++] = (struct rlimit_plan){ .resource = RLIMIT_NPROC,
							     .soft = processes,
							     .hard = processes };
	plan->rlimits = limits;
	return 0;
}

static int create_cgroup(struct shim *shim, struct failure *failure)
{
	int result = cgroup_create(&shim->plan, &shim->cgroup, failure);

	if (result == 0 || shim->plan.cgroup.required || is_out_of_resources(failure->error))
		return result;
	send_warning(shim, failure);
	if (limit_processes_of_user(&shim->plan) < 0)
		return fail(failure, STEP_CGROUP, ENOMEM,
			    "limit the processes of the container's user");
	shim->plan.cgroup = (struct cgroup_plan){ .unified = "", .freezer = "" };
	return 0;
}

static void pressure_ready(struct shim *shim, struct source *source, short revents)
{
	(void)revents;
	cgroup_lift_soft_limit(&shim->plan);
	close_fd(&source->fd);
}

/* Above its soft limit the kernel throttles a cgroup and never kills in it. A container with
 * nothing to reclaim, as without swap, would stall for minutes instead of reaching the hard limit.
 * So the soft limit is lifted as soon as it causes stalls, or at once if they can't be watched. */
static void watch_memory(struct shim *shim)
{
	if (shim->cgroup.unified_fd < 0 || !shim->plan.cgroup.limits_memory)
		return;
	shim->pressure = (struct source){
		.fd = cgroup_watch_memory(&shim->plan),
		.events = POLLPRI,
		.ready = pressure_ready,
	};
	if (shim->pressure.fd < 0) {
		shim->pressure.fd = -1;
		cgroup_lift_soft_limit(&shim->plan);
	}
}

static void watch(struct shim *shim, struct poll_set *set)
{
	poll_set_add(set, &shim->status);
	poll_set_add(set, &shim->pressure);
	poll_set_add(set, &shim->notices);
}

/* Starts the container's first process, which waits for the go-ahead. */
static int start_container(struct shim *shim, struct launch *launch, struct pipes *pipes,
			   struct failure *failure)
{
	int result;

	launch->stdio = (struct stdio){ pipes->in[0], pipes->out[1], pipes->err[1] };
	launch->terminal_fd = pipes->terminal[1];
	launch->status_fd = pipes->status[1];
	launch->init_fd = pipes->init[1];
	launch->hands_over = shim->plan.init && geteuid() != 0;
	launch->netns_fd = shim->netns_fd;
	launch->shim_pidfd = sys_pidfd_open(getpid());
	result = launch_start(launch, failure);
	shim->pid = launch->pid;
	shim->pidfd = launch->pidfd;
	shim->go_fd = launch->go_fd;
	close_fd(&launch->shim_pidfd);
	shim->status = (struct source){ pipes->status[0], POLLIN, status_ready };
	keep_own_ends(shim, pipes);
	shim->netns_fd = launch->netns_fd;
	close_fd(&shim->netns_fd);
	return result;
}

int shim_launch(struct shim *shim, struct failure *failure)
{
	struct pipes pipes = { { -1, -1 }, { -1, -1 }, { -1, -1 },
			       { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct launch launch = { .plan = &shim->plan, .cgroup = &shim->cgroup, .pidfd = -1 };
	static struct loop_member member = { .watch = watch };
	int result = open_socket(shim, failure);

	loop_join(shim, &member);
	outputs_init(shim);
	attach_init(shim);
	shim->hooks.on_complete = resume_launch;
	if (result == 0)
		result = open_directory(shim, failure);
	launch.timeline.done[STEP_PLAN] = monotonic_ns();
	if (result == 0)
		result = open_pipes(shim, &pipes, failure);
	launch.timeline.done[STEP_DIRECTORY] = monotonic_ns();
	if (result == 0)
		result = sdnotify_open(shim, failure);
	if (result == 0)
		result = create_cgroup(shim, failure);
	if (result < 0)
		return result;
	watch_memory(shim);
	result = start_container(shim, &launch, &pipes, failure);
	if (result == 0)
		result = guardian_start(shim, failure);
	return result;
}

void shim_undo(struct shim *shim, const struct failure *failure, int connection_fd)
{
	hooks_cancel(shim);
	if (shim->pid > 0) {
		(void)sys_pidfd_send_signal(shim->pidfd, SIGKILL);
		(void)waitpid(shim->pid, NULL, 0);
		guardian_dismiss(shim);
	}
	if (shim->listener.fd >= 0)
		(void)unlink(shim->plan.socket);
	sdnotify_close(shim);
	cgroup_close(&shim->cgroup);
	cgroup_remove(&shim->plan);
	/* The poststop hooks remove what the create-runtime hooks have set up. */
	if (shim->pid > 0)
		hooks_run_through(shim, HOOK_POSTSTOP);
	peer_refuse(connection_fd, failure);
}
