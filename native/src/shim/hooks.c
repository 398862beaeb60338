#include "shim/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/process.h"
#include "base/syscalls.h"
#include "launch/host_path.h"
#include "shim/answer.h"
#include "shim/loop.h"
#include "shim/shim.h"

#define STATE_MAX 8192

static const char *const phases[] = {
	[HOOK_CREATE_RUNTIME] = "create-runtime",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

/* The container's status during the hooks of a phase, as named in the specification. */
static const char *const statuses[] = {
	[HOOK_CREATE_RUNTIME] = "creating",
	[HOOK_POSTSTART] = "running",
	[HOOK_POSTSTOP] = "stopped",
};

bool hooks_busy(const struct shim *shim)
{
	return shim->hooks.pid > 0;
}

/* When the running hook reaches its time limit. */
static uint64_t due_at(const struct shim *shim)
{
	return hooks_busy(shim) ? due_at_ms(shim->hooks.kill_at) : 0;
}

/* Writes the container's state to a memfd, which unlike a pipe never blocks if the hook doesn't
 * read it. A descriptor at its beginning, or a negative errno. */
static int write_state(const struct shim *shim, enum hook_phase phase)
{
	char text[STATE_MAX];
	char pid[32] = "";
	owned_fd fd = memfd_create("state", MFD_CLOEXEC);
	int length;

	if (phase != HOOK_POSTSTOP)
		(void)snprintf(pid, sizeof(pid), ",\"pid\":%d", shim->pid);
	length = snprintf(text, sizeof(text), "%s,\"status\":\"%s\"%s}", shim->plan.hooks.state,
			  statuses[phase], pid);
	if (length >= (int)sizeof(text))
		return -ENAMETOOLONG;
	if (fd < 0 || write(fd, text, (size_t)length) != length || lseek(fd, 0, SEEK_SET) != 0)
		return -errno;
	return release(&fd);
}

/* Whether the program is still the one that the manager checked, and only root can change it or any
 * directory on its path, which contains no links. */
static bool is_unchanged(const struct hook *hook)
{
	struct failure failure = { 0 };
	owned_fd fd = host_path_open_program(hook->path, &failure);
	int replaced = fd < 0 ? 0 : host_path_is(fd, hook->device, hook->inode);

	if (fd >= 0 && replaced == 0 && host_path_check_interpreters(hook->path, &failure) == 0)
		return true;
	(void)dprintf(STDERR_FILENO, "not executed: %s\n",
		      replaced < 0                ? "the program was replaced after the launch"
		      : failure.detail[0] != '\0' ? failure.detail
						  : strerror(fd < 0 ? -fd : EACCES));
	return false;
}

static _Noreturn void become_hook(const struct hook *hook, int state_fd, int said_fd)
{
	owned_fd null = openat(AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC);
	sigset_t none;

	/* Its child processes are killed with it, and it dies with the shim. */
	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0 || dup2(state_fd, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(said_fd, STDERR_FILENO) < 0 || descriptors_keep(NULL, 0) < 0 || chdir("/") < 0 ||
	    !is_unchanged(hook))
		_exit(127);
	(void)umask(022);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execve(hook->path, hook->argv, hook->envp);
	(void)dprintf(STDERR_FILENO, "can't be executed: %s\n", strerror(errno));
	_exit(127);
}

/* Whether the phase continues after a failed hook. A failed create-runtime hook ends the launch. */
static bool should_continue(struct shim *shim, const char *why)
{
	const struct hook *hook = &shim->plan.hooks.list[shim->hooks.next];
	struct failure failure = { 0 };

	(void)fail(&failure, STEP_HOOKS, ECANCELED, "the %s hook %s %s", phases[hook->phase],
		   hook->path, why);
	if (hook->phase == HOOK_CREATE_RUNTIME) {
		shim->hooks.phase = HOOK_NONE;
		shim->hooks.on_complete(shim, &failure);
		return false;
	}
	send_warning(shim, &failure);
	return true;
}

static void run_next(struct shim *shim);

/* The last line that the hook wrote to standard error. */
static const char *last_line(struct hook_run *run)
{
	char *end;

	run->stderr_tail[run->length] = '\0';
	while (run->length > 0 && run->stderr_tail[run->length - 1] == '\n')
		run->stderr_tail[--run->length] = '\0';
	end = strrchr(run->stderr_tail, '\n');
	return end == NULL ? run->stderr_tail : end + 1;
}

static void stderr_ready(struct shim *shim, struct source *source, short revents)
{
	struct hook_run *run = &shim->hooks;
	char bytes[sizeof(run->stderr_tail) / 2];
	ssize_t got;

	(void)revents;
	while ((got = read(source->fd, bytes, sizeof(bytes))) > 0) {
		size_t room = sizeof(run->stderr_tail) - 1 - run->length;

		if ((size_t)got > room) {
			size_t drop = (size_t)got - room;

			memmove(run->stderr_tail, run->stderr_tail + drop, run->length - drop);
			run->length -= drop;
		}
		memcpy(run->stderr_tail + run->length, bytes, (size_t)got);
		run->length += (size_t)got;
	}
	if (got == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(&source->fd);
}

static void process_ready(struct shim *shim, struct source *source, short revents)
{
	struct hook_run *run = &shim->hooks;
	char why[160];
	int status;

	(void)revents;
	if (waitpid(run->pid, &status, WNOHANG) != run->pid)
		return;
	run->pid = 0;
	close_fd(&source->fd);
	if (run->stderr_source.fd >= 0)
		stderr_ready(shim, &run->stderr_source, POLLIN);
	close_fd(&run->stderr_source.fd);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		run->next++;
		run_next(shim);
		return;
	}
	if (run->timed_out)
		(void)snprintf(why, sizeof(why), "was killed after its time limit of %u ms",
			       shim->plan.hooks.list[run->next].timeout);
	else if (WIFEXITED(status))
		(void)snprintf(why, sizeof(why), "exited with code %d%s%.100s", WEXITSTATUS(status),
			       run->length > 0 ? ": " : "", last_line(run));
	else
		(void)snprintf(why, sizeof(why), "was killed by signal %d", WTERMSIG(status));
	if (should_continue(shim, why)) {
		run->next++;
		run_next(shim);
	}
}

static int start(struct shim *shim, const struct hook *hook)
{
	struct hook_run *run = &shim->hooks;
	owned_fd state = write_state(shim, hook->phase);
	owned_fd stderr_write = -1;
	struct clone_args arguments = {
		.flags = CLONE_PIDFD,
		.pidfd = (__u64)(uintptr_t)&run->process.fd,
		.exit_signal = SIGCHLD,
	};
	int pipe_fds[2];
	long pid;

	if (state < 0)
		return state;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	/* Only our end: the hook expects a blocking descriptor. */
	(void)fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	stderr_write = pipe_fds[1];
	run->stderr_source = (struct source){ pipe_fds[0], POLLIN, stderr_ready };
	run->length = 0;
	run->timed_out = false;
	pid = sys_clone3(&arguments);
	if (pid == 0)
		become_hook(hook, state, stderr_write);
	if (pid < 0) {
		int error = errno;

		close_fd(&run->stderr_source.fd);
		return -error;
	}
	run->pid = (pid_t)pid;
	run->process.events = POLLIN;
	run->process.ready = process_ready;
	run->kill_at = monotonic_ms() + hook->timeout;
	return 0;
}

/* Advances to the next hook of the current phase. False: there is none. */
static bool find_next(struct shim *shim)
{
	struct hook_run *run = &shim->hooks;

	while (run->next < shim->plan.hooks.count &&
	       shim->plan.hooks.list[run->next].phase != run->phase)
		run->next++;
	return run->next < shim->plan.hooks.count;
}

static void end_phase(struct shim *shim)
{
	struct hook_run *run = &shim->hooks;
	enum hook_phase ended = run->phase;

	run->phase = run->queued;
	run->queued = HOOK_NONE;
	run->next = 0;
	if (ended == HOOK_CREATE_RUNTIME)
		shim->hooks.on_complete(shim, NULL);
}

/* Starts the next hook, if there is one. */
static void run_next(struct shim *shim)
{
	struct hook_run *run = &shim->hooks;

	while (run->phase != HOOK_NONE) {
		char why[160];
		int result;

		if (!find_next(shim)) {
			end_phase(shim);
			continue;
		}
		result = start(shim, &shim->plan.hooks.list[run->next]);
		if (result == 0)
			return;
		(void)snprintf(why, sizeof(why), "can't be started: %s", strerror(-result));
		if (!should_continue(shim, why))
			return;
		run->next++;
	}
}

static void expire(struct shim *shim, int64_t now)
{
	struct hook_run *run = &shim->hooks;

	if (!hooks_busy(shim) || run->timed_out || now < run->kill_at)
		return;
	run->timed_out = true;
	run->kill_at = 0;
	/* The hook leads its own session, so its pid is its process group's ID too. */
	(void)kill(-run->pid, SIGKILL);
	(void)sys_pidfd_send_signal(run->process.fd, SIGKILL);
}

static void watch(struct shim *shim, struct poll_set *set)
{
	poll_set_add(set, &shim->hooks.process);
	poll_set_add(set, &shim->hooks.stderr_source);
}

static struct loop_member member = { .watch = watch, .due_at = due_at, .expire = expire };

void hooks_run(struct shim *shim, enum hook_phase phase)
{
	struct hook_run *run = &shim->hooks;

	loop_join(shim, &member);
	if (run->phase != HOOK_NONE) {
		run->queued = phase;
		return;
	}
	run->phase = phase;
	run->next = 0;
	run_next(shim);
}

void hooks_cancel(struct shim *shim)
{
	struct hook_run *run = &shim->hooks;

	if (hooks_busy(shim)) {
		(void)kill(-run->pid, SIGKILL);
		(void)sys_pidfd_send_signal(run->process.fd, SIGKILL);
		(void)waitpid(run->pid, NULL, 0);
		close_fd(&run->process.fd);
		close_fd(&run->stderr_source.fd);
	}
	run->pid = 0;
	run->phase = run->queued = HOOK_NONE;
}

void hooks_run_through(struct shim *shim, enum hook_phase phase)
{
	struct hook_run *run = &shim->hooks;

	hooks_run(shim, phase);
	while (hooks_busy(shim)) {
		struct pollfd polled[] = {
			{ .fd = run->process.fd, .events = POLLIN },
			{ .fd = run->stderr_source.fd, .events = POLLIN },
		};
		int64_t left = run->kill_at == 0 ? -1 : run->kill_at - monotonic_ms();

		(void)poll(polled, 2,
			   run->kill_at == 0 ? -1
			   : left < 0        ? 0
			   : left > INT_MAX  ? INT_MAX
					     : (int)left);
		if (polled[1].revents != 0)
			stderr_ready(shim, &run->stderr_source, polled[1].revents);
		if (polled[0].revents != 0)
			process_ready(shim, &run->process, polled[0].revents);
		expire(shim, monotonic_ms());
	}
}
