#include "shim/control.h"

#include <errno.h>
#include <signal.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/syscalls.h"
#include "base/wire.h"
#include "launch/freezer.h"
#include "launch/init.h"
#include "shim/loop.h"
#include "shim/terminal.h"

int shim_freeze(struct shim *shim, bool freeze)
{
	int result = shim->exited ? -ESRCH : freezer_set(&shim->plan, &shim->cgroup, freeze);

	if (result == 0)
		shim->frozen = freeze;
	else if (freeze && !shim->frozen)
		(void)freezer_set(&shim->plan, &shim->cgroup, false);
	return result;
}

int shim_pause(struct shim *shim)
{
	/* A container that was already paused stays paused, even if a process that has joined since
	 * can't be frozen. */
	bool was_frozen = shim->frozen;
	int64_t deadline = monotonic_ms() + FREEZE_TIMEOUT_MS;
	int result = shim_freeze(shim, true);

	if (result == 0) {
		result = freezer_await(&shim->plan, deadline);
		if (result < 0 && !was_frozen)
			(void)shim_freeze(shim, false);
	}
	return result;
}

int shim_signal(struct shim *shim, int number)
{
	/* SIGKILL goes to runsc itself: its death ends everything in its namespaces. */
	if (plan_uses_gvisor(&shim->plan) && shim->started && number != SIGKILL)
		return shim->signal_inside(shim, 0, number);
	/* The init can't forward these: SIGSTOP stops it, SIGCHLD comes from its own children. */
	if (shim->plan.init && shim->started && (number == SIGSTOP || number == SIGCHLD))
		return sys_pidfd_queue_signal(shim->pidfd, INIT_RELAY, number) < 0 ? -errno : 0;
	return sys_pidfd_send_signal(shim->pidfd, number) < 0 ? -errno : 0;
}

/* Signals the process group of the workload, which leads a session of its own. */
static int signal_group(struct shim *shim, int number)
{
	if (!shim->started || plan_uses_gvisor(&shim->plan))
		return shim_signal(shim, number);
	if (shim->plan.init)
		return sys_pidfd_queue_signal(shim->pidfd, INIT_RELAY, INIT_RELAY_GROUP | number) <
				       0
			       ? -errno
			       : 0;
	/* Not reaped yet, so the PID is still its own. */
	return kill(-shim->pid, number) < 0 ? -errno : 0;
}

int shim_signal_command(struct shim *shim, int number, bool group)
{
	if (shim->plan.init || plan_uses_gvisor(&shim->plan) || !shim->started ||
	    !process_ends_by_default(shim->pid, number))
		return group ? signal_group(shim, number) : shim_signal(shim, number);
	if (shim->reported_signal == 0)
		shim->reported_signal = number;
	return shim_signal(shim, SIGKILL);
}

void shim_typed(struct shim *shim, const uint8_t *keys, size_t length)
{
	pid_t group = 0;
	int number;

	if (!shim->plan.terminal || shim->plan.init || plan_uses_gvisor(&shim->plan))
		return;
	number = terminal_key_signal(shim->stdin_fd, keys, length, &group);
	/* A PID 1 that handles the signal has received it from the kernel. */
	if (number != 0 && group == shim->pid && process_ends_by_default(shim->pid, number))
		(void)shim_signal_command(shim, number, false);
}

static uint64_t kill_due_at(const struct shim *shim)
{
	return shim->exited ? 0 : due_at_ms(shim->kill_at);
}

static void kill_overdue(struct shim *shim, int64_t now)
{
	if (shim->exited || shim->kill_at == 0 || now < shim->kill_at)
		return;
	/* It may have been paused again since the stop was requested. */
	if (shim->frozen)
		(void)shim_freeze(shim, false);
	(void)sys_pidfd_send_signal(shim->pidfd, SIGKILL);
	shim->kill_at = 0;
}

void shim_stop(struct shim *shim, int signal, uint32_t grace)
{
	static struct loop_member member = { .due_at = kill_due_at, .expire = kill_overdue };

	if (shim->exited)
		return;
	/* A command that has not started can't receive a signal. */
	if (!shim->started)
		signal = SIGKILL;
	/* Neither can a paused one. */
	if (shim->frozen)
		(void)shim_freeze(shim, false);
	(void)shim_signal(shim, signal);
	shim->kill_at = monotonic_ms() + grace;
	loop_join(shim, &member);
}
