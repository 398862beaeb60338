#include "shim/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/syscalls.h"
#include "launch/confine.h"
#include "launch/id_map.h"
#include "launch/null_device.h"
#include "shim/answer.h"
#include "shim/connection.h"
#include "shim/control.h"
#include "shim/enter.h"
#include "shim/exec_group.h"
#include "shim/exec_request.h"
#include "shim/gvisor.h"
#include "shim/loop.h"
#include "shim/output.h"
#include "shim/seccomp_notify.h"
#include "shim/terminal.h"
#include "shim/ticket.h"

/* ms for a runsc client to exit after the process that it represents. */
#define CLIENT_GRACE 2000
/* ms between passes over the processes of an exec that is ending. */
#define ENDING_PAUSE INT64_C(10)

struct exec *exec_find(struct shim *shim, uint32_t id)
{
	for (struct exec *at = shim->execs; at != NULL; at = at->next) {
		if (at->id == id)
			return at;
	}
	return NULL;
}

int *exec_stdin(struct shim *shim, uint32_t id)
{
	struct exec *exec;

	if (id == 0)
		return &shim->stdin_fd;
	exec = exec_find(shim, id);
	return exec == NULL ? NULL : &exec->stdin_fd;
}

int exec_signal(struct shim *shim, const struct exec *exec, int number, bool group)
{
	if (exec->exited || exec->pid <= 0)
		return -ESRCH;
	if (plan_uses_gvisor(&shim->plan))
		return shim->signal_inside(shim, exec->id, number);
	/* Not reaped yet, so the pid is still its own. */
	return kill(group ? -exec->pid : exec->pid, number) < 0 ? -errno : 0;
}

bool exec_finished(const struct exec *exec)
{
	return exec->exited && exec->out.source.fd < 0 && exec->err.source.fd < 0;
}

void send_exec_exited(struct connection *connection, const struct exec *exec)
{
	uint8_t bytes[CAPTURE_MAX + 512];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame;

	if (exec->failed) {
		write_failure(&writer, ANSWER_FAILED, &exec->failure);
		connection_send(connection, &writer);
		return;
	}
	frame = frame_begin(&writer, ANSWER_EXEC_EXITED);
	write_u32(&writer, exec->id);
	write_u32(&writer, (uint32_t)exec->exit_status);
	write_u8(&writer, exec->timed_out);
	write_u32(&writer, (uint32_t)exec->stream.captured_length);
	if (exec->stream.captured_length > 0)
		write_raw(&writer, exec->stream.captured, exec->stream.captured_length);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

static void exec_output_ready(struct shim *shim, struct source *source, short revents)
{
	(void)revents;
	output_pump(shim, (struct output *)source);
}

static void send_exec_started(const struct exec *exec)
{
	uint8_t bytes[32];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame = frame_begin(&writer, ANSWER_EXEC_STARTED);

	write_u32(&writer, exec->id);
	write_u32(&writer, (uint32_t)exec->pid);
	frame_end(&writer, frame);
	connection_send(exec->requester, &writer);
}

/* The helper reports the pid and the process its listener, in either order; both are needed. */
static void take_listener(struct exec *exec)
{
	owned_fd pidfd = -1;
	int result;

	if (exec->listener == 0 || exec->pid == 0)
		return;
	/* Not reaped yet, so the pid is still its own. */
	pidfd = sys_pidfd_open(exec->pid);
	result = pidfd < 0 ? -errno : notice_fetch(&exec->notices, pidfd, exec->listener);
	exec->listener = 0;
	if (result < 0) {
		exec->failed = true;
		(void)fail(&exec->failure, STEP_SECCOMP, -result,
			   "fetch the seccomp listener of the process");
		(void)kill(exec->pid, SIGKILL);
	}
	(void)!write(exec->go_fd, "g", 1);
	close_fd(&exec->go_fd);
}

/* The helper reports the pid, but it may be killed after it has forked the process, for example if
 * the container is out of memory. A process that is never reaped would keep PID 1 from exiting
 * (pid_namespaces(7)). */
static void learn_pid(struct exec *exec)
{
	if (exec->pid == 0)
		exec->pid = *(volatile pid_t *)exec->born;
}

static void helper_ended(struct exec *exec)
{
	exec->helper = 0;
	learn_pid(exec);
	/* Once it has been reaped, its pid may belong to another process. */
	if (exec->exited || exec->pid == 0)
		return;
	take_listener(exec);
	if (exec->timed_out) {
		(void)kill(-exec->pid, SIGKILL);
		(void)kill(exec->pid, SIGKILL);
	}
}

static void exec_status_ready(struct shim *shim, struct source *source, short revents)
{
	struct exec *exec = (struct exec *)(void *)((uint8_t *)source -
						    offsetof(struct exec, status));
	struct exec_report report;
	ssize_t got = read(source->fd, &report, sizeof(report));

	(void)revents;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got == (ssize_t)sizeof(report)) {
		if (report.pid > 0)
			exec->pid = report.pid;
		if (report.listener > 0)
			exec->listener = report.listener;
		take_listener(exec);
		if (report.failure.error != 0) {
			exec->failed = true;
			exec->failure = report.failure;
		}
		return;
	}
	close_fd(&source->fd);
	learn_pid(exec);
	/* A process forked before the pause has not joined the freezer cgroup made then. */
	if (shim->frozen)
		(void)shim_freeze(shim, true);
	if (!exec->failed && exec->requester != NULL) {
		send_exec_started(exec);
	}
	execs_reap(shim);
}

static int open_exec_pipes(const struct shim *shim, const struct exec_request *request,
			   struct exec_pipes *pipes)
{
	const struct plan plan = enter_plan(shim, request);
	int result = 0;

	if (pipe2(pipes->status, O_CLOEXEC) < 0 || pipe2(pipes->go, O_CLOEXEC) < 0)
		return -errno;
	if (request->terminal)
		return terminal_open(shim, &request->size, pipes->in, pipes->out, pipes->err);
	if (request->keep_stdin)
		result = pipe2(pipes->in, O_CLOEXEC);
	if (request->stdio_fd >= 0) {
		pipes->in[0] = fcntl(request->stdio_fd, F_DUPFD_CLOEXEC, 0);
		result = pipes->in[0];
	} else if (!request->keep_stdin) {
		pipes->in[0] = null_device_open();
		result = pipes->in[0];
	}
	if (result < 0 || pipe2(pipes->out, O_CLOEXEC) < 0 || pipe2(pipes->err, O_CLOEXEC) < 0)
		return -errno;
	id_map_chown_pipe(&plan, pipes->out[1]);
	id_map_chown_pipe(&plan, pipes->err[1]);
	if (request->stdio_fd >= 0 && dup3(request->stdio_fd, pipes->out[1], O_CLOEXEC) < 0)
		return -errno;
	return 0;
}

static void close_pipe_ends(struct exec_pipes *pipes, size_t end)
{
	int *const all[] = { &pipes->in[1 - end], &pipes->out[end], &pipes->err[end],
			     &pipes->status[end], &pipes->go[1 - end] };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		close_fd(all[i]);
}

static void watch_exec(struct exec *exec, struct exec_pipes *pipes)
{
	output_open(&exec->out, pipes->out[0], STREAM_STDOUT, &exec->stream);
	output_open(&exec->err, pipes->err[0], STREAM_STDERR, &exec->stream);
	exec->out.source.ready = exec_output_ready;
	exec->err.source.ready = exec_output_ready;
	exec->status.fd = pipes->status[0];
	exec->status.events = POLLIN;
	exec->status.ready = exec_status_ready;
	exec->stdin_fd = pipes->in[1];
	exec->go_fd = pipes->go[1];
	(void)fcntl(exec->status.fd, F_SETFL, O_NONBLOCK);
	if (exec->stdin_fd >= 0)
		(void)fcntl(exec->stdin_fd, F_SETFL, O_NONBLOCK);
}

static int share_pid(struct exec *exec)
{
	void *page = mmap(NULL, sizeof(*exec->born), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -errno;
	exec->born = page;
	/* Faulted in here, so that the page is not charged to the container, whose cgroup the
	 * helper is in. */
	*exec->born = 0;
	return 0;
}

static int launch_exec(struct shim *shim, struct exec *exec, const struct exec_request *request)
{
	struct exec_pipes pipes = {
		{ -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 }, -1, { -1, -1 }, NULL,
	};
	long pid;
	int result = exec->captured ? stream_capture(&exec->stream) : 0;

	if (result == 0)
		result = open_exec_pipes(shim, request, &pipes);
	if (result == 0)
		result = share_pid(exec);
	pipes.born = exec->born;
	pipes.group_fd = result < 0 || request->ticket == NULL ? -1
							       : exec_group_make(shim, exec->id);
	exec->grouped = pipes.group_fd >= 0;
	pid = result < 0 ? result : enter_fork(shim, request, &pipes);
	close_pipe_ends(&pipes, 1);
	close_fd(&pipes.group_fd);
	if (pid < 0) {
		close_pipe_ends(&pipes, 0);
		return (int)pid;
	}
	exec->helper = (pid_t)pid;
	watch_exec(exec, &pipes);
	return 0;
}

static void exec_free(struct shim *shim, struct exec *exec)
{
	if (plan_uses_gvisor(&shim->plan) && !shim->exited)
		gvisor_forget(shim, exec->id);
	if (exec->grouped)
		exec_group_remove(shim, exec->id);
	stream_close(&exec->stream);
	close_fd(&exec->status.fd);
	close_fd(&exec->notices.fd);
	close_fd(&exec->go_fd);
	close_fd(&exec->out.source.fd);
	close_fd(&exec->err.source.fd);
	close_fd(&exec->stdin_fd);
	if (exec->born != NULL)
		(void)munmap(exec->born, sizeof(*exec->born));
	free(exec);
}

static struct exec *exec_new(struct shim *shim, struct connection *connection,
			     const struct exec_request *request)
{
	struct exec *exec = calloc(1, sizeof(*exec));

	if (exec == NULL)
		return NULL;
	exec->id = ++shim->next_exec;
	exec->requester = connection;
	exec->captured = request->capture;
	exec->copies = request->copies;
	exec->terminal = request->terminal;
	exec->notices.fd = exec->go_fd = -1;
	exec->out.awaited = exec->err.awaited = request->ticket != NULL;
	exec->status.fd = exec->out.source.fd = exec->err.source.fd = exec->stdin_fd = -1;
	exec->stream.parent_fd = exec->stream.directory_fd = exec->stream.file_fd = -1;
	exec->deadline = request->timeout == 0 ? 0 : monotonic_ms() + request->timeout;
	return exec;
}

/* Whether the exec can be freed. */
static bool is_done(const struct shim *shim, const struct exec *exec)
{
	/* A traced process that the exec has left behind still waits for answers. */
	bool heard = exec->notices.fd < 0 || shim->plan.seccomp_mode != SECCOMP_TRACE;

	return exec_finished(exec) && exec->helper == 0 && heard && !exec->ending;
}

/* Probes, sessions and the shim's own processes have separate limits: 64 sessions still leave room
 * for probes, and a container under gVisor that is full of probes can still be signalled. */
static bool execs_full(const struct shim *shim, enum connection_use use)
{
	size_t limit = use == USE_SESSION ? SESSIONS_MAX
		       : use == USE_PROBE ? PROBES_MAX
					  : INTERNAL_EXECS_MAX;
	size_t count = 0;

	for (const struct exec *at = shim->execs; at != NULL; at = at->next)
		count += at->use == use && !is_done(shim, at);
	return count >= limit;
}

/* Gives up an exec that has not started, for example because the container is paused or out of
 * memory. If its process exists already, it is killed once the helper has exited (helper_ended). */
static void give_up(struct exec *exec)
{
	close_fd(&exec->status.fd);
	close_fd(&exec->go_fd);
	exec->timed_out = true;
	exec->deadline = 0;
}

/* Repeats the kill: some may have been forked meanwhile, and frozen ones die only once thawed. */
static void keep_ending(struct shim *shim, struct exec *exec, int64_t now)
{
	bool ended = exec->grouped
			     ? exec_group_kill(shim, exec->id)
			     : exec->exited || exec->pid <= 0 || exec_group_kill_session(exec->pid);

	exec->ending = !ended;
	exec->deadline = ended ? 0 : now + ENDING_PAUSE * (shim->frozen ? 10 : 1);
}

/* Kills execs whose deadline has passed, and resumes outputs whose pause is over. */
static void expire(struct shim *shim, int64_t now)
{
	for (struct exec *at = shim->execs; at != NULL; at = at->next) {
		output_resume(shim, &at->out, now);
		output_resume(shim, &at->err, now);
		if (at->deadline == 0 || now < at->deadline)
			continue;
		if (at->ending) {
			keep_ending(shim, at, now);
			continue;
		}
		if (at->exited) {
			at->deadline = 0;
			continue;
		}
		learn_pid(at);
		/* The helper may be stuck after the fork; its report is no longer needed. */
		if (at->helper > 0)
			(void)kill(at->helper, SIGKILL);
		if (at->pid <= 0) {
			give_up(at);
			continue;
		}
		/* Under gVisor, the process is killed inside; its runsc client then exits by
		 * itself. */
		if (!at->timed_out && plan_uses_gvisor(&shim->plan) &&
		    shim->signal_inside(shim, at->id, SIGKILL) == 0) {
			at->timed_out = true;
			at->deadline = now + CLIENT_GRACE;
			continue;
		}
		/* Not reaped yet, so the pid and its process group are still its own. */
		(void)kill(-at->pid, SIGKILL);
		(void)kill(at->pid, SIGKILL);
		at->timed_out = true;
		at->deadline = 0;
	}
}

static void watch(struct shim *shim, struct poll_set *set)
{
	for (struct exec *at = shim->execs; at != NULL; at = at->next) {
		poll_set_add(set, &at->status);
		poll_set_add(set, &at->notices);
		poll_set_add(set, &at->out.source);
		poll_set_add(set, &at->err.source);
	}
}

static uint64_t due_at(const struct shim *shim)
{
	uint64_t due = 0;

	for (const struct exec *at = shim->execs; at != NULL; at = at->next) {
		due = earlier_of(due, due_at_ms(at->deadline));
		due = earlier_of(due, output_due_at(shim, &at->out));
		due = earlier_of(due, output_due_at(shim, &at->err));
	}
	return due;
}

/* Frees the execs that are done. */
static void sweep(struct shim *shim)
{
	struct exec **link = &shim->execs;

	while (*link != NULL) {
		struct exec *exec = *link;

		if (is_done(shim, exec)) {
			*link = exec->next;
			exec_free(shim, exec);
		} else {
			link = &exec->next;
		}
	}
}

static struct loop_member member = {
	.watch = watch,
	.due_at = due_at,
	.expire = expire,
	.sweep = sweep,
};

/* Returns -EAGAIN if there are too many of that use already. */
static int run_for(struct shim *shim, struct connection *requester, enum connection_use use,
		   const struct exec_request *request)
{
	struct exec *exec;
	int result;

	if (execs_full(shim, use))
		return -EAGAIN;
	exec = exec_new(shim, requester, request);
	if (exec == NULL)
		return -ENOMEM;
	exec->use = use;
	result = request->ticket == NULL ? 0 : ticket_add(shim, exec->id, request->ticket, true);
	if (result == 0)
		result = launch_exec(shim, exec, request);
	if (result < 0) {
		exec_free(shim, exec);
		return result;
	}
	exec->next = shim->execs;
	shim->execs = exec;
	loop_join(shim, &member);
	return 0;
}

int exec_run(struct shim *shim, const struct exec_request *request)
{
	/* A request with a socket for its streams is a dial. */
	return run_for(shim, NULL, request->stdio_fd >= 0 ? USE_PROBE : USE_CONTROL, request);
}

void exec_start(struct shim *shim, struct connection *connection, struct reader *reader)
{
	struct exec_request request;
	const struct plan *plan = &shim->plan;
	bool well_formed = exec_request_read(plan, reader, &request);
	const char *refusal = well_formed ? exec_request_refusal(plan, &request) : NULL;
	enum connection_use use = request.capture ? USE_PROBE : USE_SESSION;
	int result;

	if (!well_formed) {
		send_error(connection, EBADMSG, "malformed exec request");
	} else if (refusal != NULL) {
		send_error(connection, EPERM, refusal);
	} else if (shim->exited || !shim->started) {
		send_error(connection, ESRCH, "the container is not running");
	} else if (connection_admit(shim, connection, use)) {
		result = execs_full(shim, use)    ? -EAGAIN
			 : plan_uses_gvisor(plan) ? gvisor_exec(shim, &request, shim->next_exec + 1)
						  : 0;
		if (result == 0)
			result = run_for(shim, connection, use, &request);
		close_fd(&request.process_fd);
		if (result == -EAGAIN)
			send_error(connection, EAGAIN,
				   "too many exec processes are already running in the container");
		else if (result < 0)
			send_error(connection, -result, "start a process inside the container");
	}
	arena_free(&request.arena);
}

/* Reports the exit to the requester; an attached client may still be reading. */
static void announce(struct shim *shim, struct exec *exec)
{
	/* A grandchild may hold the pipes open, but the exec ends with its own process. */
	output_finish(shim, &exec->out);
	output_finish(shim, &exec->err);
	close_fd(&exec->stdin_fd);
	send_ended_to_clients(shim, exec->id, exec->exit_status);
	if (exec->requester != NULL)
		send_exec_exited(exec->requester, exec);
}

static void reap_one(struct shim *shim, struct exec *exec)
{
	int status;

	if (exec->helper > 0 && waitpid(exec->helper, &status, WNOHANG) == exec->helper)
		helper_ended(exec);
	if (exec->exited || exec->status.fd >= 0)
		return;
	if (exec->pid == 0) {
		if (exec->helper != 0)
			return;
		if (!exec->failed && !exec->timed_out) {
			exec->failed = true;
			(void)fail(&exec->failure, STEP_EXEC, ECHILD,
				   "the helper was killed, possibly for lack of memory");
		}
		status = exec->timed_out ? SIGKILL : 127 << 8;
	} else if (waitpid(exec->pid, &status, WNOHANG | __WALL) != exec->pid) {
		return;
	}
	exec->exited = true;
	if (!exec->ending)
		exec->deadline = 0;
	exec->exit_status = status;
	announce(shim, exec);
}

void execs_reap(struct shim *shim)
{
	for (struct exec *at = shim->execs; at != NULL; at = at->next)
		reap_one(shim, at);
}

void exec_end(struct shim *shim, struct exec *exec)
{
	learn_pid(exec);
	exec->ending = true;
	/* The helper may have been frozen with the container before it forked the process. */
	if (exec->helper > 0)
		(void)kill(exec->helper, SIGKILL);
	if (exec->pid <= 0 && !exec->exited) {
		give_up(exec);
		exec->deadline = monotonic_ms() + ENDING_PAUSE;
		return;
	}
	(void)exec_signal(shim, exec, SIGKILL, false);
	keep_ending(shim, exec, monotonic_ms());
}

bool execs_wanted(const struct shim *shim, const struct connection *connection)
{
	for (const struct exec *at = shim->execs; at != NULL; at = at->next) {
		if (at->requester == connection && !at->exited)
			return true;
	}
	return false;
}

void execs_forget(struct shim *shim, const struct connection *connection)
{
	for (struct exec *at = shim->execs; at != NULL; at = at->next) {
		if (at->requester != connection)
			continue;
		at->requester = NULL;
		/* A client that has not attached never will, unless the command has run and exited:
		 * its output then waits for a client that is about to attach. */
		if (!at->exited || at->failed)
			tickets_withdraw(shim, at->id);
	}
}

bool execs_busy(const struct shim *shim)
{
	bool busy = false;

	for (const struct exec *at = shim->execs; at != NULL; at = at->next)
		busy |= !at->captured && !exec_finished(at);
	return busy;
}
