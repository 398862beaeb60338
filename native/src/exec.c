#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "begin.h"
#include "confine.h"
#include "connection.h"
#include "descriptors.h"
#include "launch.h"
#include "notice.h"
#include "syscalls.h"

/* What comes through an exec's status pipe: the pid from the helper; a failure from
 * whoever met one; the end when the command runs. */
struct exec_report {
	pid_t pid;
	int listener; /* of its filter, among the descriptors of the process; 0: none */
	struct failure failure;
};

/* A request, read. */
struct exec_request {
	bool capture;
	bool keep_stdin;
	bool listen;         /* to what its filter refuses */
	uint32_t timeout;    /* ms, 0: none */
	const char *workdir; /* "": the workload's */
	char **argv;
	char **envp; /* none: the workload's */
	void *arena;
};

struct exec_pipes {
	int in[2];
	int out[2];
	int err[2];
	int status[2];
	int go[2]; /* the process waits here until its listener has been taken */
};

struct exec *exec_find(struct shim *shim, uint32_t id)
{
	for (struct exec *at = shim->execs; at != NULL; at = at->next) {
		if (at->id == id)
			return at;
	}
	return NULL;
}

int exec_signal(const struct exec *exec, int number)
{
	/* Not reaped yet, so the pid is still its own. */
	if (exec->exited || exec->pid <= 0)
		return -ESRCH;
	return kill(exec->pid, number) < 0 ? -errno : 0;
}

bool exec_finished(const struct exec *exec)
{
	return exec->exited && exec->out.source.fd < 0 && exec->err.source.fd < 0;
}

static void report_and_leave(int fd, const struct exec_report *report)
{
	(void)!write(fd, report, sizeof(*report));
	_exit(127);
}

/* Every namespace of the container, or none: one that can't be entered is a failure,
 * never skipped (setns(2) with a pidfd, Linux 5.8). setns(2) puts the caller at the root of
 * the mount namespace, which is the container's only where the spawner had no chroot: else
 * it is the host's. The container's root is opened before and entered after. */
static int enter_container(const struct shim *shim, struct failure *failure)
{
	char path[64];
	owned_fd root_fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/root", shim->pid);
	root_fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return fail(failure, STEP_PIVOT, errno, "open the container's root");
	if (setns(shim->pidfd, (int)shim->plan.namespaces) < 0)
		return fail(failure, STEP_NAMESPACES, errno, "enter the container's namespaces");
	if (fchdir(root_fd) < 0 || chroot(".") < 0)
		return fail(failure, STEP_PIVOT, errno, "enter the container's root");
	return 0;
}

/* Returns only on failure. */
static void execute(const struct exec_request *request, const struct plan *plan,
		    const struct exec_pipes *pipes, struct exec_report *report)
{
	uint8_t gone;

	report->listener = confine_seccomp(plan, request->listen, &report->failure);
	if (report->listener < 0)
		return;
	if (report->listener > 0) {
		if (write(pipes->status[1], report, sizeof(*report)) != (ssize_t)sizeof(*report))
			_exit(127);
		(void)!read(pipes->go[0], &gone, 1);
		report->listener = 0;
	}
	(void)confine_exec(request->argv, request->envp, &report->failure);
}

static _Noreturn void run_inside(const struct shim *shim, const struct exec_request *request,
				 struct exec_pipes *pipes)
{
	struct exec_report report = { 0 };
	struct failure *failure = &report.failure;
	const struct plan *plan = &shim->plan;

	(void)setsid();
	if (dup2(pipes->in[0], 0) < 0 || dup2(pipes->out[1], 1) < 0 || dup2(pipes->err[1], 2) < 0 ||
	    sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
		(void)fail(failure, STEP_EXEC, errno, "connect the standard streams");
	} else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		(void)fail(failure, STEP_CAPABILITIES, errno, "PR_SET_NO_NEW_PRIVS");
	} else if (confine_rlimits(plan, failure) == 0 && confine_identity(plan, failure) == 0 &&
		   confine_landlock(plan, failure) == 0) {
		if (chdir(request->workdir) < 0)
			(void)fail(failure, STEP_EXEC, errno, "enter the working directory %s",
				   request->workdir);
		else
			execute(request, plan, pipes, &report);
	}
	report_and_leave(pipes->status[1], &report);
	_exit(127);
}

/* The helper joins the cgroup and the namespaces; only its child is in the pid
 * namespace. CLONE_PARENT makes that child the shim's, to be waited for. */
static _Noreturn void run_helper(const struct shim *shim, const struct exec_request *request,
				 struct exec_pipes *pipes)
{
	struct exec_report report = { 0 };
	struct clone_args arguments = { .flags = CLONE_PARENT };
	long pid;

	/* Neither /proc/PID/exe nor its memory are for the container to open
	 * (CVE-2019-5736). */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)umask(022);
	if (cgroup_join(&shim->cgroup, &report.failure) < 0 ||
	    enter_container(shim, &report.failure) < 0)
		report_and_leave(pipes->status[1], &report);
	pid = sys_clone3(&arguments);
	if (pid == 0)
		run_inside(shim, request, pipes);
	if (pid < 0)
		(void)fail(&report.failure, STEP_EXEC, errno, "fork inside the container");
	report.pid = (pid_t)pid;
	(void)!write(pipes->status[1], &report, sizeof(report));
	_exit(0);
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

static void pump_readers(struct shim *shim, const struct exec *exec)
{
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->streaming && at->stream_id == exec->id)
			connection_pump(shim, at);
	}
}

static struct exec *exec_of_output(struct shim *shim, const struct source *source)
{
	for (struct exec *at = shim->execs; at != NULL; at = at->next) {
		if (&at->out.source == source || &at->err.source == source)
			return at;
	}
	return NULL;
}

static void exec_output_ready(struct shim *shim, struct source *source, short revents)
{
	struct exec *exec = exec_of_output(shim, source);

	(void)revents;
	output_drain((struct output *)source);
	if (exec != NULL)
		pump_readers(shim, exec);
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

/* The helper tells the pid and the process its listener, in no order: both are needed. */
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
			   "take the listener of the filter");
		(void)kill(exec->pid, SIGKILL);
	}
	(void)!write(exec->go_fd, "g", 1);
	close_fd(&exec->go_fd);
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
	if (!exec->failed && exec->requester != NULL) {
		send_exec_started(exec);
		if (!exec->captured)
			connection_stream(shim, exec->requester, exec->id, 0, true);
	}
	execs_reap(shim);
}

static int exec_directory(const struct shim *shim, uint32_t id)
{
	char name[32];
	int fd;

	(void)snprintf(name, sizeof(name), "exec-%u", id);
	if (mkdirat(shim->directory_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(shim->directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (shim->owner != geteuid())
		(void)!fchown(fd, shim->owner, shim->group);
	return fd;
}

static int open_stream(struct shim *shim, struct exec *exec)
{
	int directory;

	if (exec->captured)
		return stream_capture(&exec->stream);
	directory = exec_directory(shim, exec->id);
	if (directory < 0)
		return directory;
	return stream_open(&exec->stream, directory, shim->plan.log_bytes, shim->plan.log_files,
			   shim->owner, shim->group);
}

static int open_exec_pipes(const struct shim *shim, const struct exec_request *request,
			   struct exec_pipes *pipes)
{
	int result = request->keep_stdin ? pipe2(pipes->in, O_CLOEXEC) : 0;

	if (!request->keep_stdin) {
		pipes->in[0] = openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
		result = pipes->in[0];
	}
	if (result < 0 || pipe2(pipes->out, O_CLOEXEC) < 0 || pipe2(pipes->err, O_CLOEXEC) < 0 ||
	    pipe2(pipes->status, O_CLOEXEC) < 0 || pipe2(pipes->go, O_CLOEXEC) < 0)
		return -errno;
	give_to_workload(&shim->plan, pipes->out[1]);
	give_to_workload(&shim->plan, pipes->err[1]);
	return 0;
}

static void close_pipe_ends(struct exec_pipes *pipes, size_t end)
{
	int *const all[] = { &pipes->in[1 - end], &pipes->out[end], &pipes->err[end],
			     &pipes->status[end], &pipes->go[1 - end] };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		close_fd(all[i]);
}

static long fork_helper(const struct shim *shim, const struct exec_request *request,
			struct exec_pipes *pipes)
{
	struct clone_args arguments = { .exit_signal = SIGCHLD };
	long pid;

	if (shim->cgroup.unified_fd >= 0) {
		arguments.flags = CLONE_INTO_CGROUP;
		arguments.cgroup = (__u64)shim->cgroup.unified_fd;
	}
	pid = sys_clone3(&arguments);
	if (pid == 0)
		run_helper(shim, request, pipes);
	return pid < 0 ? -errno : pid;
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

static int launch_exec(struct shim *shim, struct exec *exec, const struct exec_request *request)
{
	struct exec_pipes pipes = {
		{ -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 },
	};
	long pid;
	int result = open_stream(shim, exec);

	if (result == 0)
		result = open_exec_pipes(shim, request, &pipes);
	pid = result < 0 ? result : fork_helper(shim, request, &pipes);
	close_pipe_ends(&pipes, 1);
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
	char name[32];

	if (!exec->captured) {
		stream_remove(&exec->stream);
		(void)snprintf(name, sizeof(name), "exec-%u", exec->id);
		(void)unlinkat(shim->directory_fd, name, AT_REMOVEDIR);
	}
	stream_close(&exec->stream);
	close_fd(&exec->status.fd);
	close_fd(&exec->notices.fd);
	close_fd(&exec->go_fd);
	close_fd(&exec->out.source.fd);
	close_fd(&exec->err.source.fd);
	close_fd(&exec->stdin_fd);
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
	exec->notices.fd = exec->go_fd = -1;
	exec->status.fd = exec->out.source.fd = exec->err.source.fd = exec->stdin_fd = -1;
	exec->stream.directory_fd = exec->stream.file_fd = -1;
	exec->deadline = request->timeout == 0 ? 0 : monotonic_ms() + request->timeout;
	return exec;
}

static bool execs_full(const struct shim *shim)
{
	size_t count = 0;

	for (const struct exec *at = shim->execs; at != NULL; at = at->next)
		count++;
	return count >= EXECS_MAX;
}

void exec_start(struct shim *shim, struct connection *connection, struct reader *reader)
{
	struct exec_request request = { 0 };
	struct exec *exec = NULL;
	size_t count = 0;
	size_t variables = 0;
	int result;

	/* Without root a process that hides from its container hides from its shim too, and its
	 * listener can't be taken: what nobody can answer for fails, with ENOSYS. */
	request.listen = geteuid() == 0;
	request.capture = read_u8(reader) != 0;
	request.keep_stdin = read_u8(reader) != 0;
	request.timeout = read_u32(reader);
	request.workdir = read_string(reader);
	request.argv = read_vector(reader, &request.arena, &count);
	request.envp = read_vector(reader, &request.arena, &variables);
	if (variables == 0)
		request.envp = shim->plan.envp;
	if (request.workdir[0] == '\0')
		request.workdir = shim->plan.workdir;
	if (reader->faulty || count == 0) {
		send_error(connection, EBADMSG, "malformed exec request");
	} else if (shim->exited || !shim->started) {
		send_error(connection, ESRCH, "the container is not running");
	} else if (execs_full(shim)) {
		send_error(connection, EAGAIN, "too many processes were run beside the workload");
	} else {
		exec = exec_new(shim, connection, &request);
		result = exec == NULL ? -ENOMEM : launch_exec(shim, exec, &request);
		if (result < 0) {
			send_error(connection, -result, "start a process inside the container");
			if (exec != NULL)
				exec_free(shim, exec);
		} else {
			exec->next = shim->execs;
			shim->execs = exec;
		}
	}
	arena_free(&request.arena);
}

/* Tells the requester of a captured exec how it ended; readers of a stream hear it at the
 * stream's end. */
static void announce(struct shim *shim, struct exec *exec)
{
	output_drain(&exec->out);
	output_drain(&exec->err);
	/* A grandchild may hold the pipes: the exec is over with its own process. */
	close_fd(&exec->out.source.fd);
	close_fd(&exec->err.source.fd);
	close_fd(&exec->stdin_fd);
	pump_readers(shim, exec);
	if (exec->requester != NULL && (exec->captured || exec->failed))
		send_exec_exited(exec->requester, exec);
}

static void reap_one(struct shim *shim, struct exec *exec)
{
	int status;

	if (exec->helper > 0 && waitpid(exec->helper, &status, WNOHANG) == exec->helper)
		exec->helper = 0;
	if (exec->exited || exec->status.fd >= 0)
		return;
	if (exec->pid == 0) {
		if (exec->helper != 0)
			return;
		if (!exec->failed)
			(void)fail(&exec->failure, STEP_EXEC, ECHILD, "the helper was killed");
		exec->failed = true;
		status = 127 << 8;
	} else if (waitpid(exec->pid, &status, WNOHANG | __WALL) != exec->pid) {
		return;
	}
	exec->exited = true;
	exec->deadline = 0;
	exec->exit_status = status;
	announce(shim, exec);
}

void execs_reap(struct shim *shim)
{
	for (struct exec *at = shim->execs; at != NULL; at = at->next)
		reap_one(shim, at);
}

void execs_sweep(struct shim *shim)
{
	unsigned int finished = 0;
	struct exec **link = &shim->execs;

	while (*link != NULL) {
		struct exec *exec = *link;
		/* A traced process that was left behind waits for answers. */
		bool heard = exec->notices.fd < 0 || shim->plan.seccomp_mode != SECCOMP_TRACE;
		bool done = exec->exited && exec->helper == 0 && exec->out.source.fd < 0 && heard;

		finished += done && !exec->captured;
		if (done && (exec->captured || finished > EXECS_KEPT)) {
			*link = exec->next;
			exec_free(shim, exec);
		} else {
			link = &exec->next;
		}
	}
}

void execs_expire(struct shim *shim, int64_t now)
{
	for (struct exec *at = shim->execs; at != NULL; at = at->next) {
		if (at->deadline == 0 || now < at->deadline || at->pid <= 0)
			continue;
		/* Not reaped yet, so the pid and its process group are still its own. */
		(void)kill(-at->pid, SIGKILL);
		(void)kill(at->pid, SIGKILL);
		at->timed_out = true;
		at->deadline = 0;
	}
}

int64_t execs_deadline(const struct shim *shim)
{
	int64_t earliest = 0;

	for (const struct exec *at = shim->execs; at != NULL; at = at->next) {
		if (at->deadline != 0 && at->pid > 0 && (earliest == 0 || at->deadline < earliest))
			earliest = at->deadline;
	}
	return earliest;
}

void execs_forget(struct shim *shim, const struct connection *connection)
{
	for (struct exec *at = shim->execs; at != NULL; at = at->next) {
		if (at->requester == connection)
			at->requester = NULL;
	}
}
