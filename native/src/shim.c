#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "connection.h"
#include "descriptors.h"
#include "dial.h"
#include "exec.h"
#include "process.h"
#include "syscalls.h"
#include "wire.h"

#define PLAN_TIMEOUT 5000  /* ms for the whole plan to arrive */
#define SHORT_SLICE 100000 /* ns, the least there is */
#define LINGER 1000        /* ms for readers to fetch the last bytes */
/* What is polled at once: the shim's own five, three of each exec and of each connection. */
#define SOURCES_MAX (5 + 3 * EXECS_MAX + 3 * CONNECTIONS_MAX)

static void answer_failure(int fd, const struct failure *failure)
{
	uint8_t bytes[512];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };

	write_failure(&writer, ANSWER_FAILED, failure);
	(void)send(fd, bytes, writer.length, MSG_NOSIGNAL);
}

void output_open(struct output *output, int fd, enum stream_tag tag, struct stream *stream)
{
	output->source.fd = fd;
	output->source.events = POLLIN;
	output->tag = tag;
	output->stream = stream;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
}

void output_drain(struct output *output)
{
	char buffer[16384];

	/* A bounded number of turns: a workload that floods its log starves nobody. */
	for (int turn = 0; output->source.fd >= 0 && turn < 16; turn++) {
		ssize_t got = read(output->source.fd, buffer, sizeof(buffer));

		if (got > 0) {
			stream_append(output->stream, output->tag, buffer, (size_t)got);
			continue;
		}
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		close_fd(&output->source.fd);
	}
}

/* Taking a mount namespace apart takes longer than the rest of an exit, and the kernel
 * does it before it tells the parent. With a reference here, it does it after. Not before
 * the start has been told: this waits for an exec under way (exec_update_lock). */
static int hold_mounts(pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

/* All reports have been read, and the last one was of no failure: the command runs. */
static void conclude_launch(struct shim *shim)
{
	close_fd(&shim->status.fd);
	if (shim->report.failed || shim->report.timeline.done[STEP_RLIMITS] == 0)
		return;
	shim->report.timeline.done[STEP_EXEC] = monotonic_ns();
	shim->started = true;
	shim->started_at = realtime_ns();
	for (struct connection *at = shim->connections; at != NULL; at = at->next)
		send_started(shim, at);
	/* Whoever was told may have been woken on this processor. */
	(void)sched_yield();
	shim->mounts_fd = hold_mounts(shim->pid);
}

/* The status pipe has reports of the launch, and ends when execve(2) returns. */
static void status_ready(struct shim *shim, struct source *source, short revents)
{
	struct launch_report report;
	ssize_t got = read(source->fd, &report, sizeof(report));

	(void)revents;
	if (got == (ssize_t)sizeof(report))
		shim->report = report;
	else if (got >= 0 || (errno != EAGAIN && errno != EINTR))
		conclude_launch(shim);
}

/* Tells of a launch that has settled at once: the pipe's end comes only when execve(2) has
 * mapped the program and returns, a third of a launch later. */
static void conclude_settled(struct shim *shim)
{
	struct launch_report report;

	(void)fcntl(shim->status.fd, F_SETFL, O_NONBLOCK);
	while (read(shim->status.fd, &report, sizeof(report)) == (ssize_t)sizeof(report))
		shim->report = report;
	conclude_launch(shim);
}

/* Whoever ended, or wrote, has been executed: the report of that is there, whatever order
 * poll(2) saw them in. */
static void finish_launch(struct shim *shim)
{
	while (shim->status.fd >= 0)
		status_ready(shim, &shim->status, POLLIN);
}

static void output_ready(struct shim *shim, struct source *source, short revents)
{
	(void)revents;
	finish_launch(shim);
	output_drain((struct output *)source);
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->streaming && at->stream_id == 0)
			connection_pump(shim, at);
	}
}

void shim_stop(struct shim *shim, int signal, uint32_t grace)
{
	if (shim->exited)
		return;
	/* The kernel drops signals for a PID 1 without a handler: waiting would be in vain. */
	if (!shim->plan.init && process_ignores(shim->pid, signal))
		signal = SIGKILL;
	(void)sys_pidfd_send_signal(shim->pidfd, signal);
	shim->kill_at = monotonic_ms() + grace;
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

static void accept_ready(struct shim *shim, struct source *source, short revents)
{
	int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct ucred peer;
	socklen_t length = sizeof(peer);

	(void)revents;
	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ||
	    (peer.uid != 0 && peer.uid != shim->owner) || connection_add(shim, fd) == NULL)
		(void)close(fd);
}

/* The container's own directory: logs below it, the exit record in it. */
static int open_directory(struct shim *shim, struct failure *failure)
{
	owned_fd logs = -1;
	int result;

	shim->directory_fd = openat(AT_FDCWD, shim->plan.directory,
				    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (shim->directory_fd < 0)
		return fail(failure, STEP_DIRECTORY, errno, "open %s", shim->plan.directory);
	if (mkdirat(shim->directory_fd, "logs", 0700) < 0 && errno != EEXIST)
		return fail(failure, STEP_DIRECTORY, errno, "make %s/logs", shim->plan.directory);
	logs = openat(shim->directory_fd, "logs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (logs < 0)
		return fail(failure, STEP_DIRECTORY, errno, "open %s/logs", shim->plan.directory);
	if (shim->owner != geteuid() && fchown(logs, shim->owner, shim->group) < 0)
		return fail(failure, STEP_DIRECTORY, errno, "give %s/logs to its owner",
			    shim->plan.directory);
	result = stream_open(&shim->log, release(&logs), shim->plan.log_bytes, shim->plan.log_files,
			     shim->owner, shim->group);
	if (result < 0)
		return fail(failure, STEP_DIRECTORY, -result, "open a log in %s/logs",
			    shim->plan.directory);
	shim->listener.fd = make_socket(shim->plan.socket);
	if (shim->listener.fd < 0)
		return fail(failure, STEP_DIRECTORY, -shim->listener.fd, "listen on %s",
			    shim->plan.socket);
	shim->listener.events = POLLIN;
	shim->listener.ready = accept_ready;
	if (shim->owner != geteuid())
		(void)!chown(shim->plan.socket, shim->owner, shim->group);
	return 0;
}

static void write_exit_record(const struct shim *shim)
{
	char text[512];
	int code = WIFEXITED(shim->exit_status) ? WEXITSTATUS(shim->exit_status)
						: 128 + WTERMSIG(shim->exit_status);
	int number = WIFSIGNALED(shim->exit_status) ? WTERMSIG(shim->exit_status) : 0;
	int length = snprintf(text, sizeof(text),
			      "{\"pid\":%d,\"startTicks\":%" PRIu64 ",\"startedAt\":%" PRIu64
			      ",\"exitedAt\":%" PRIu64 ",\"code\":%d,\"signal\":%d}\n",
			      shim->pid, shim->report.start_ticks, shim->started_at,
			      shim->exited_at, code, number);
	owned_fd fd = openat(shim->directory_fd, "exit.json.new",
			     O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, (size_t)length) != length)
		return;
	if (shim->owner != geteuid())
		(void)!fchown(fd, shim->owner, shim->group);
	(void)renameat(shim->directory_fd, "exit.json.new", shim->directory_fd, "exit.json");
}

static void container_exited(struct shim *shim, int status)
{
	int workload_status;

	shim->exited = true;
	shim->exited_at = realtime_ns();
	shim->exit_status = status;
	if (shim->exit_fd >= 0 && read(shim->exit_fd, &workload_status, sizeof(workload_status)) ==
					  (ssize_t)sizeof(workload_status))
		shim->exit_status = workload_status;
	/* Its pid namespace went with PID 1, so whoever held the pipes is gone: their end
	 * comes without waiting. */
	while (shim->out.source.fd >= 0 || shim->err.source.fd >= 0) {
		int before = (shim->out.source.fd >= 0) + (shim->err.source.fd >= 0);
		uint64_t bytes = shim->log.end + shim->log.dropped;

		output_drain(&shim->out);
		output_drain(&shim->err);
		if (bytes == shim->log.end + shim->log.dropped &&
		    before == (shim->out.source.fd >= 0) + (shim->err.source.fd >= 0))
			break;
	}
	close_fd(&shim->out.source.fd);
	close_fd(&shim->err.source.fd);
	close_fd(&shim->stdin_fd);
	if (!shim->started)
		return;
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
			/* A workload that ended at once must still count as started. */
			finish_launch(shim);
			container_exited(shim, status);
		}
	}
}

static int watch_signals(struct shim *shim)
{
	sigset_t all;
	sigset_t child;

	(void)sigfillset(&all);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	shim->signals.fd = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	shim->signals.events = POLLIN;
	shim->signals.ready = signal_ready;
	return shim->signals.fd < 0 ? -errno : 0;
}

/* The pipes of one launch, as the shim made them: read end, write end. */
struct pipes {
	int in[2];
	int out[2];
	int err[2];
	int status[2];
	int exit[2];
};

static int open_pipes(const struct plan *plan, struct pipes *pipes, struct failure *failure)
{
	int result = plan->keep_stdin ? pipe2(pipes->in, O_CLOEXEC) : 0;

	if (!plan->keep_stdin) {
		pipes->in[0] = openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
		pipes->in[1] = -1;
		result = pipes->in[0];
	}
	if (result < 0 || pipe2(pipes->out, O_CLOEXEC) < 0 || pipe2(pipes->err, O_CLOEXEC) < 0 ||
	    pipe2(pipes->status, O_CLOEXEC) < 0 || pipe2(pipes->exit, O_CLOEXEC) < 0)
		return fail(failure, STEP_DIRECTORY, errno, "open the pipes to the container");
	/* Opened again by the workload's user through /dev/stdout (proc(5)). */
	if (plan->uid_map_count == 0) {
		(void)!fchown(pipes->out[1], plan->uid, plan->gid);
		(void)!fchown(pipes->err[1], plan->uid, plan->gid);
		if (plan->keep_stdin)
			(void)!fchown(pipes->in[0], plan->uid, plan->gid);
	}
	return 0;
}

static void keep_own_ends(struct shim *shim, struct pipes *pipes)
{
	output_open(&shim->out, pipes->out[0], STREAM_STDOUT, &shim->log);
	output_open(&shim->err, pipes->err[0], STREAM_STDERR, &shim->log);
	shim->out.source.ready = output_ready;
	shim->err.source.ready = output_ready;
	shim->exit_fd = pipes->exit[0];
	shim->stdin_fd = pipes->in[1];
	if (shim->stdin_fd >= 0)
		(void)fcntl(shim->stdin_fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(shim->exit_fd, F_SETFL, O_NONBLOCK);
	(void)close(pipes->in[0]);
	(void)close(pipes->out[1]);
	(void)close(pipes->err[1]);
	(void)close(pipes->status[1]);
	(void)close(pipes->exit[1]);
}

static void warn(struct shim *shim, const struct failure *failure)
{
	uint8_t bytes[512];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };

	write_failure(&writer, ANSWER_WARNING, failure);
	connection_send(shim->connections, &writer);
}

static int create_cgroup(struct shim *shim, struct failure *failure)
{
	int result = cgroup_create(&shim->plan, &shim->cgroup, failure);

	if (result == 0 || shim->plan.cgroup.required)
		return result;
	warn(shim, failure);
	shim->plan.cgroup = (struct cgroup_plan){ .unified = "" };
	return 0;
}

static int begin(struct shim *shim, struct failure *failure)
{
	struct pipes pipes = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct launch launch = { .plan = &shim->plan, .cgroup = &shim->cgroup, .pidfd = -1 };
	int result = open_directory(shim, failure);

	launch.timeline.done[STEP_PLAN] = monotonic_ns();
	if (result == 0)
		result = open_pipes(&shim->plan, &pipes, failure);
	launch.timeline.done[STEP_DIRECTORY] = monotonic_ns();
	if (result == 0)
		result = create_cgroup(shim, failure);
	if (result < 0)
		return result;
	launch.stdio = (struct stdio){ pipes.in[0], pipes.out[1], pipes.err[1] };
	launch.status_fd = pipes.status[1];
	launch.exit_fd = pipes.exit[1];
	launch.netns_fd = shim->netns_fd;
	result = launch_start(&launch, failure);
	shim->pid = launch.pid;
	shim->pidfd = launch.pidfd;
	shim->status = (struct source){ pipes.status[0], POLLIN, status_ready };
	if (launch.settled)
		conclude_settled(shim);
	keep_own_ends(shim, &pipes);
	close_fd(&shim->netns_fd);
	return result;
}

static size_t collect(struct shim *shim, struct source **sources)
{
	size_t count = 0;

	sources[count++] = &shim->signals;
	sources[count++] = &shim->listener;
	sources[count++] = &shim->status;
	sources[count++] = &shim->out.source;
	sources[count++] = &shim->err.source;
	for (struct exec *at = shim->execs; at != NULL; at = at->next) {
		sources[count++] = &at->status;
		sources[count++] = &at->out.source;
		sources[count++] = &at->err.source;
	}
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		sources[count++] = &at->source;
		sources[count++] = connection_input(shim, at);
		if (at->dial != NULL)
			sources[count++] = &at->dial->source;
	}
	return count;
}

static void earlier(int64_t *deadline, int64_t candidate)
{
	if (candidate != 0 && (*deadline == 0 || candidate < *deadline))
		*deadline = candidate;
}

static int wait_time(const struct shim *shim)
{
	int64_t deadline = 0;
	int64_t left;

	earlier(&deadline, shim->exited ? 0 : shim->kill_at);
	earlier(&deadline, shim->leave_at);
	earlier(&deadline, execs_deadline(shim));
	earlier(&deadline, dials_deadline(shim));
	if (deadline == 0)
		return -1;
	left = deadline - monotonic_ms();
	if (left <= 0)
		return 0;
	return left > 60000 ? 60000 : (int)left;
}

static void expire(struct shim *shim)
{
	int64_t now = monotonic_ms();

	if (!shim->exited && shim->kill_at != 0 && now >= shim->kill_at) {
		(void)sys_pidfd_send_signal(shim->pidfd, SIGKILL);
		shim->kill_at = 0;
	}
	execs_expire(shim, now);
	dials_expire(shim, now);
}

static void turn(struct shim *shim)
{
	struct source *sources[SOURCES_MAX];
	struct pollfd polled[SOURCES_MAX];
	size_t count = collect(shim, sources);

	for (size_t i = 0; i < count; i++) {
		polled[i].fd = sources[i]->events == 0 ? -1 : sources[i]->fd;
		polled[i].events = sources[i]->events;
		polled[i].revents = 0;
	}
	(void)poll(polled, count, wait_time(shim));
	/* Nothing is freed while the sources are visited: what ended is marked, and swept
	 * after the turn. */
	for (size_t i = 0; i < count; i++) {
		if (polled[i].revents != 0 && sources[i]->fd == polled[i].fd)
			sources[i]->ready(shim, sources[i], polled[i].revents);
	}
	expire(shim);
	connections_sweep(shim);
	execs_sweep(shim);
}

static void supervise(struct shim *shim)
{
	while (!shim->exited)
		turn(shim);
	(void)unlink(shim->plan.socket);
	close_fd(&shim->listener.fd);
	close_fd(&shim->mounts_fd);
	cgroup_close(&shim->cgroup);
	cgroup_remove(&shim->plan);
	if (shim->started) {
		owned_fd record = openat(shim->directory_fd, "exit.json", O_RDONLY | O_CLOEXEC);

		(void)fsync(record);
		(void)fsync(shim->directory_fd);
	}
	shim->leave_at = monotonic_ms() + LINGER;
	while (shim->connections != NULL && monotonic_ms() < shim->leave_at)
		turn(shim);
}

/* Undoes what a launch that failed has done so far. */
static void undo(struct shim *shim, const struct failure *failure, int connection_fd)
{
	if (shim->pid > 0) {
		(void)sys_pidfd_send_signal(shim->pidfd, SIGKILL);
		(void)waitpid(shim->pid, NULL, 0);
	}
	if (shim->listener.fd >= 0)
		(void)unlink(shim->plan.socket);
	cgroup_close(&shim->cgroup);
	cgroup_remove(&shim->plan);
	answer_failure(connection_fd, failure);
}

/* Reads the one frame that a launch begins with. */
static uint8_t *receive_plan(int fd, size_t *length, struct failure *failure)
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
	if (*length > FRAME_MAX || read_u8(&reader) != REQUEST_PLAN) {
		(void)fail(failure, STEP_PLAN, EBADMSG,
			   "expected a launch plan of at most %u bytes", FRAME_MAX);
		return NULL;
	}
	bytes = malloc(*length);
	if (bytes == NULL) {
		(void)fail(failure, STEP_PLAN, ENOMEM, "a launch plan of %zu bytes", *length);
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

/* Runs as soon as it is woken: a shim has little to do, and everybody waits for its word.
 * A short slice gives it that, without a larger share (since Linux 6.12; before it means
 * nothing). The container does not inherit it. */
static void ask_for_short_slices(void)
{
	const struct scheduling attributes = {
		.size = sizeof(attributes),
		.policy = SCHED_OTHER,
		.flags = SCHED_FLAG_RESET_ON_FORK,
		.runtime = SHORT_SLICE,
	};

	(void)sys_sched_setattr(0, &attributes);
}

static void detach_from_spawner(void)
{
	owned_fd null = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	(void)prctl(PR_SET_NAME, "nucleus-shim");
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
}

_Noreturn void shim_run(int connection_fd, uid_t owner, gid_t group, int netns_fd)
{
	static struct shim shim;
	struct failure failure = { 0 };
	size_t length = 0;
	uint8_t *bytes;

	shim = (struct shim){ .owner = owner, .group = group, .begun = monotonic_ns() };
	shim.directory_fd = shim.listener.fd = shim.status.fd = shim.signals.fd = -1;
	shim.out.source.fd = shim.err.source.fd = shim.stdin_fd = shim.exit_fd = shim.pidfd = -1;
	shim.cgroup.unified_fd = shim.mounts_fd = -1;
	shim.netns_fd = netns_fd;
	detach_from_spawner();
	ask_for_short_slices();
	bytes = receive_plan(connection_fd, &length, &failure);
	if (bytes == NULL || plan_read(&shim.plan, bytes, length, &failure) < 0) {
		answer_failure(connection_fd, &failure);
		_exit(1);
	}
	(void)fcntl(connection_fd, F_SETFL, O_NONBLOCK);
	if (watch_signals(&shim) < 0 || connection_add(&shim, connection_fd) == NULL)
		_exit(1);
	shim.connections->subscribed = true;
	if (begin(&shim, &failure) < 0) {
		undo(&shim, &failure, connection_fd);
		_exit(1);
	}
	while (shim.status.fd >= 0)
		turn(&shim);
	if (!shim.started) {
		if (!shim.report.failed)
			(void)fail(&shim.report.failure, STEP_NAMESPACES, ECHILD,
				   "the container was killed before its command ran");
		undo(&shim, &shim.report.failure, connection_fd);
		_exit(1);
	}
	supervise(&shim);
	_exit(0);
}
