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
#include "shim/shim.h"

#define STATE_MAX 8192

static const char *const phases[] = {
	[HOOK_CREATE_RUNTIME] = "create-runtime",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

/* The container's status while hooks of a phase run, as the specification names it. */
static const char *const statuses[] = {
	[HOOK_CREATE_RUNTIME] = "creating",
	[HOOK_POSTSTART] = "running",
	[HOOK_POSTSTOP] = "stopped",
};

bool hooks_busy(const struct shim *shim)
{
	return shim->hooks.pid > 0;
}

/* When the one under way has had its time. */
static uint64_t due_at(const struct shim *shim)
{
	return hooks_busy(shim) ? due_at_ms(shim->hooks.kill_at) : 0;
}

/* The container's state, to be read from its beginning. Nobody waits for a reader: it is a file
 * in memory. A descriptor, or a negative errno. */
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

/* Whether the program is the one that the manager checked, and only root can change it or any
 * directory on its path, which has no links. */
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

	/* What it starts is ended with it, and it ends with the shim. */
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

/* Whether its phase goes on after a failure: what failed before the launch ends it. */
static bool survives(struct shim *shim, const char *why)
{
	const struct hook *hook = &shim->plan.hooks.list[shim->hooks.next];
	struct failure failure = { 0 };

	(void)fail(&failure, STEP_HOOKS, ECANCELED, "the %s hook %s %s", phases[hook->phase],
		   hook->path, why);
	if (hook->phase == HOOK_CREATE_RUNTIME) {
		shim->hooks.phase = HOOK_NONE;
		shim->hooks.through(shim, &failure);
		return false;
	}
	send_warning(shim, &failure);
	return true;
}

static void go_on(struct shim *shim);

/* The last line of what it said on standard error. */
static const char *last_line(struct hook_run *run)
{
	char *end;

	run->words[run->length] = '\0';
	while (run->length > 0 && run->words[run->length - 1] == '\n')
		run->words[--run->length] = '\0';
	end = strrchr(run->words, '\n');
	return end == NULL ? run->words : end + 1;
}

static void said_ready(struct shim *shim, struct source *source, short revents)
{
	struct hook_run *run = &shim->hooks;
	char bytes[sizeof(run->words) / 2];
	ssize_t got;

	(void)revents;
	while ((got = read(source->fd, bytes, sizeof(bytes))) > 0) {
		size_t room = sizeof(run->words) - 1 - run->length;

		if ((size_t)got > room) {
			size_t drop = (size_t)got - room;

			memmove(run->words, run->words + drop, run->length - drop);
			run->length -= drop;
		}
		memcpy(run->words + run->length, bytes, (size_t)got);
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
	if (run->said.fd >= 0)
		said_ready(shim, &run->said, POLLIN);
	close_fd(&run->said.fd);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		run->next++;
		go_on(shim);
		return;
	}
	if (run->timed_out)
		(void)snprintf(why, sizeof(why), "was killed after its time limit of %u ms",
			       shim->plan.hooks.list[run->next].timeout);
	else if (WIFEXITED(status))
		(void)snprintf(why, sizeof(why), "ended with exit code %d%s%.100s",
			       WEXITSTATUS(status), run->length > 0 ? ": " : "", last_line(run));
	else
		(void)snprintf(why, sizeof(why), "was ended by signal %d", WTERMSIG(status));
	if (survives(shim, why)) {
		run->next++;
		go_on(shim);
	}
}

static int start(struct shim *shim, const struct hook *hook)
{
	struct hook_run *run = &shim->hooks;
	owned_fd state = write_state(shim, hook->phase);
	owned_fd said = -1;
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
	/* This end alone: the hook's is to write to as to any file. */
	(void)fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	said = pipe_fds[1];
	run->said = (struct source){ pipe_fds[0], POLLIN, said_ready };
	run->length = 0;
	run->timed_out = false;
	pid = sys_clone3(&arguments);
	if (pid == 0)
		become_hook(hook, state, said);
	if (pid < 0) {
		int error = errno;

		close_fd(&run->said.fd);
		return -error;
	}
	run->pid = (pid_t)pid;
	run->process.events = POLLIN;
	run->process.ready = process_ready;
	run->kill_at = monotonic_ms() + hook->timeout;
	return 0;
}

/* Whether there is another of the phase under way. */
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
		shim->hooks.through(shim, NULL);
}

/* Starts the next one that there is. */
static void go_on(struct shim *shim)
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
		if (!survives(shim, why))
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
	/* Its session is its own: so is its process group, by its pid. */
	(void)kill(-run->pid, SIGKILL);
	(void)sys_pidfd_send_signal(run->process.fd, SIGKILL);
}

static void watch(struct shim *shim, struct poll_set *set)
{
	poll_set_add(set, &shim->hooks.process);
	poll_set_add(set, &shim->hooks.said);
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
	go_on(shim);
}

void hooks_cancel(struct shim *shim)
{
	struct hook_run *run = &shim->hooks;

	if (hooks_busy(shim)) {
		(void)kill(-run->pid, SIGKILL);
		(void)sys_pidfd_send_signal(run->process.fd, SIGKILL);
		(void)waitpid(run->pid, NULL, 0);
		close_fd(&run->process.fd);
		close_fd(&run->said.fd);
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
			{ .fd = run->said.fd, .events = POLLIN },
		};
		int64_t left = run->kill_at == 0 ? -1 : run->kill_at - monotonic_ms();

		(void)poll(polled, 2,
			   run->kill_at == 0 ? -1
			   : left < 0        ? 0
			   : left > INT_MAX  ? INT_MAX
					     : (int)left);
		if (polled[1].revents != 0)
			said_ready(shim, &run->said, polled[1].revents);
		if (polled[0].revents != 0)
			process_ready(shim, &run->process, polled[0].revents);
		expire(shim, monotonic_ms());
	}
}
