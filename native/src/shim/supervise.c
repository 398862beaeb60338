#include "shim/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mman.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/peer.h"
#include "base/signals.h"
#include "base/syscalls.h"
#include "base/wire.h"
#include "launch/cgroup_kill.h"
#include "launch/confine.h"
#include "shim/answer.h"
#include "shim/attach.h"
#include "shim/connection.h"
#include "shim/container_start.h"
#include "shim/dial.h"
#include "shim/exec.h"
#include "shim/forced_stop.h"
#include "shim/guardian.h"
#include "shim/gvisor.h"
#include "shim/gvisor_control.h"
#include "shim/hooks.h"
#include "shim/init_report.h"
#include "shim/loop.h"
#include "shim/network_helper.h"
#include "shim/output.h"
#include "shim/request.h"
#include "shim/sdnotify.h"
#include "shim/seccomp_notify.h"
#include "shim/trace.h"

#define PAGE 4096U
#define STACK_USED 32768U /* bytes of stack used by a turn of the loop */
#define LINGER 1000       /* ms for readers to fetch the last bytes */
#define SERVED_FIRST 20   /* ms that a client may delay cleanup */
static void output_ready(struct shim *shim, struct source *source, short revents)
{
	(void)revents;
	shim_finish_launch(shim);
	output_pump(shim, (struct output *)source);
}

/* Refuses a connection whose request has not been read. */
static void refuse_request(int fd, const struct failure *failure)
{
	uint8_t bytes[256];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };

	write_error(&writer, failure->error, "the shim can't accept the request");
	(void)send(fd, bytes, writer.length, MSG_NOSIGNAL);
}

static void accept_ready(struct shim *shim, struct source *source, short revents)
{
	int fd = peer_accept(source->fd, SOCK_NONBLOCK, refuse_request);
	struct ucred peer;
	socklen_t length = sizeof(peer);

	(void)revents;
	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ||
	    (peer.uid != 0 && peer.uid != shim->owner) || connection_add(shim, fd) == NULL)
		(void)close(fd);
}

static void write_exit_record(const struct shim *shim)
{
	char text[512];
	int code = WIFEXITED(shim->exit_status) ? WEXITSTATUS(shim->exit_status)
						: 128 + WTERMSIG(shim->exit_status);
	int number = WIFSIGNALED(shim->exit_status) ? WTERMSIG(shim->exit_status) : 0;
	int length = snprintf(
		text, sizeof(text),
		"{\"pid\":%d,\"startTicks\":%" PRIu64 ",\"startedAt\":%" PRIu64
		",\"exitedAt\":%" PRIu64 ",\"code\":%d,\"signal\":%d,\"outOfMemory\":%s}\n",
		shim->pid, shim->report.start_ticks, shim->started_at, shim->exited_at, code,
		number, shim->out_of_memory ? "true" : "false");
	owned_fd fd = openat(shim->directory_fd, "exit.json.new",
			     O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, (size_t)length) != length)
		return;
	if (shim->owner != geteuid())
		(void)!fchown(fd, shim->owner, shim->group);
	(void)renameat(shim->directory_fd, "exit.json.new", shim->directory_fd, "exit.json");
}

/* Waits for both outputs to end: readers stop at the end of a complete log. */
static void complete_log(struct shim *shim)
{
	if (shim->log_complete || shim->out.source.fd >= 0 || shim->err.source.fd >= 0)
		return;
	stream_report_gap(&shim->log, true);
	shim->log_complete = true;
	connections_pump_log(shim);
}

static void container_exited(struct shim *shim, int status)
{
	shim->exited = true;
	shim->exited_at = realtime_ns();
	shim->exit_status = status;
	shim->out_of_memory = cgroup_ran_out_of_memory(&shim->plan);
	init_report_finish(shim);
	if (shim->init.ended)
		shim->exit_status = shim->init.status;
	/* A wait status equal to a signal's number means killed by that signal (wait(2)). */
	if (shim->reported_signal != 0 && shim->exit_status == SIGKILL)
		shim->exit_status = shim->reported_signal;
	/* Its PID namespace has ended with PID 1, and so has every process that held the pipes. */
	output_finish(shim, &shim->out);
	output_finish(shim, &shim->err);
	complete_log(shim);
	send_ended_to_clients(shim, 0, shim->exit_status);
	close_fd(&shim->stdin_fd);
	gvisor_conclude(shim);
	if (!shim->started)
		return;
	notice_write(shim);
	trace_finish(shim);
	write_exit_record(shim);
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->subscribed)
			send_exited(shim, at);
		connection_pump(shim, at);
	}
}

static void signal_ready(struct shim *shim, struct source *source, short revents)
{
	struct signalfd_siginfo information;

	(void)revents;
	while (read(source->fd, &information, sizeof(information)) > 0) {
	}
	execs_reap(shim);
	if (!shim->exited) {
		int status;

		if (waitpid(shim->pid, &status, WNOHANG) == shim->pid) {
			/* A workload that exits at once must still count as started. */
			shim_finish_launch(shim);
			container_exited(shim, status);
		}
	}
}

static int watch_signals(struct shim *shim)
{
	sigset_t all;
	sigset_t child;

	signals_fill(&all);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	shim->signals.fd = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	shim->signals.events = POLLIN;
	shim->signals.ready = signal_ready;
	return shim->signals.fd < 0 ? -errno : 0;
}

static void watch(struct shim *shim, struct poll_set *set)
{
	poll_set_add(set, &shim->signals);
	poll_set_add(set, &shim->listener);
}

static uint64_t due_at(const struct shim *shim)
{
	return due_at_ms(shim->linger_until);
}

static void stop_listening(struct shim *shim)
{
	if (shim->listener.fd >= 0)
		(void)unlink(shim->plan.socket);
	close_fd(&shim->listener.fd);
}

/* Whether an output still has data to move, or an uncaptured exec has not finished. */
static bool is_busy(const struct shim *shim)
{
	return shim->out.source.fd >= 0 || shim->err.source.fd >= 0 || execs_busy(shim);
}

/* Lets the client read the output and the exit code before cleanup; a client that has not connected
 * yet, or does not read, delays cleanup by at most SERVED_FIRST. */
static void flush_to_clients(struct shim *shim)
{
	shim->linger_until = monotonic_ms() + SERVED_FIRST;
	while (is_busy(shim) && monotonic_ms() < shim->linger_until)
		loop_turn(shim);
	shim->linger_until = 0;
}

static void supervise(struct shim *shim)
{
	while (!shim->exited)
		loop_turn(shim);
	if (shim->plan.ticket_length > 0)
		flush_to_clients(shim);
	/* An unused ticket: its client has yet to connect and fetch the output. */
	if (shim->tickets == NULL)
		stop_listening(shim);
	close_fd(&shim->mounts_fd);
	handles_close(&shim->handles);
	close_fd(&shim->pressure.fd);
	sdnotify_close(shim);
	guardian_dismiss(shim);
	cgroup_kill(&shim->plan);
	cgroup_close(&shim->cgroup);
	cgroup_remove(&shim->plan);
	/* The manager deletes the record of a foreground run when it ends, unless it is traced. */
	if (shim->started &&
	    (shim->plan.ticket_length == 0 || shim->plan.seccomp_mode == SECCOMP_TRACE)) {
		owned_fd record = openat(shim->directory_fd, "exit.json", O_RDONLY | O_CLOEXEC);

		/* No record: the container has been removed already. */
		if (record >= 0 && fsync(record) == 0)
			(void)fsync(shim->directory_fd);
	}
	hooks_run(shim, HOOK_POSTSTOP);
	complete_log(shim);
	while (is_busy(shim)) {
		loop_turn(shim);
		complete_log(shim);
	}
	stop_listening(shim);
	shim->linger_until = monotonic_ms() + LINGER;
	while (shim->connections != NULL && monotonic_ms() < shim->linger_until)
		loop_turn(shim);
	shim->linger_until = 0;
	while (hooks_busy(shim))
		loop_turn(shim);
}

static void detach_from_spawner(void)
{
	(void)setsid();
	(void)prctl(PR_SET_NAME, "nucleus-shim");
	descriptors_close_standard();
}

/* The first use of a page after fork(2) causes a fault, which costs 10 us and more under a
 * paravirtual hypervisor. One madvise(2) populates the whole range; before Linux 5.14 it fails, and
 * each page faults on its first use. */
static void populate(uintptr_t from, uintptr_t to, int advice)
{
	from -= from % PAGE;
	(void)madvise((void *)from, (to - from + PAGE - 1) / PAGE * PAGE, advice);
}

void shim_populate_pages(void)
{
	extern const char __executable_start[];
	extern const char etext[];
	uintptr_t stack = (uintptr_t)__builtin_frame_address(0);

	populate((uintptr_t)__executable_start, (uintptr_t)etext, MADV_POPULATE_READ);
	populate(stack - STACK_USED, stack, MADV_POPULATE_WRITE);
	launch_populate_pages();
}

static void connection_left(struct shim *shim, struct connection *connection)
{
	execs_forget(shim, connection);
	attach_detach(shim, connection);
	if (connection->dial != NULL)
		dial_free(connection->dial);
}

static const struct connection_handler handler = {
	.serve = request_serve,
	.has_running_exec = execs_wanted,
	.on_close = connection_left,
};

_Noreturn void shim_run(int connection_fd, uid_t owner, gid_t group, int netns_fd)
{
	static struct shim shim;
	static struct loop_member member = { .watch = watch, .due_at = due_at };
	struct failure failure = { 0 };
	enum request type = REQUEST_PLAN;
	size_t length = 0;
	uint8_t *bytes;

	shim = (struct shim){ .owner = owner, .group = group, .requested_at = monotonic_ns() };
	shim.directory_fd = shim.listener.fd = shim.status.fd = shim.signals.fd = -1;
	shim.hooks.process.fd = shim.hooks.stderr_source.fd = -1;
	shim.pressure.fd = shim.notices.fd = shim.notify.fd = shim.go_fd = shim.terminal_fd = -1;
	shim.out.source.fd = shim.err.source.fd = shim.stdin_fd = shim.init.source.fd = shim.pidfd =
		-1;
	shim.cgroup = (struct cgroup){ .unified_fd = -1, .owner = owner, .group = group };
	shim.mounts_fd = -1;
	handles_init(&shim.handles);
	shim.netns_fd = netns_fd;
	shim.handler = &handler;
	shim.signal_inside = gvisor_signal;
	shim.listener.ready = accept_ready;
	shim.out.source.ready = shim.err.source.ready = output_ready;
	detach_from_spawner();
	confine_scheduling();
	/* So that the shim runs as soon as it is woken: it has little to do, and others wait for
	 * its answers. The container doesn't inherit this. */
	sys_ask_for_short_slices(0);
	bytes = shim_receive(connection_fd, &type, &length, &failure);
	if (bytes != NULL && type == REQUEST_FORCE_STOP)
		forced_stop_serve(connection_fd, owner, bytes, length);
	if (bytes != NULL && type == REQUEST_NETWORK)
		network_helper_serve(connection_fd, bytes, length);
	if (bytes == NULL || plan_read(&shim.plan, bytes, length, &failure) < 0) {
		peer_refuse(connection_fd, &failure);
		_exit(1);
	}
	(void)fcntl(connection_fd, F_SETFL, O_NONBLOCK);
	loop_join(&shim, &member);
	if (watch_signals(&shim) < 0 || connection_add(&shim, connection_fd) == NULL)
		_exit(1);
	shim.connections->subscribed = true;
	if (shim_launch(&shim, &failure) < 0) {
		shim_undo(&shim, &failure, connection_fd);
		_exit(1);
	}
	while (shim.status.fd >= 0)
		loop_turn(&shim);
	if (!shim.started) {
		if (!shim.report.failed)
			(void)fail(&shim.report.failure, STEP_NAMESPACES, ECHILD,
				   "the container was killed before its command ran");
		shim_undo(&shim, &shim.report.failure, connection_fd);
		_exit(1);
	}
	supervise(&shim);
	_exit(0);
}
