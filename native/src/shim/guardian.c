#include "shim/guardian.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "launch/cgroup.h"
#include "launch/cgroup_kill.h"
#include "shim/shim_capabilities.h"

/* Kills the container and removes its cgroups, as the shim would have done. */
static void take_down(const struct shim *shim)
{
	struct pollfd container = { .fd = shim->pidfd, .events = POLLIN };

	(void)sys_pidfd_send_signal(shim->pidfd, SIGKILL);
	cgroup_kill(&shim->plan);
	while (poll(&container, 1, -1) < 0 && errno == EINTR) {
	}
	cgroup_remove(&shim->plan);
}

static _Noreturn void watch(const struct shim *shim, int shim_pidfd)
{
	const int kept[] = { shim->pidfd, shim_pidfd };
	struct pollfd polled[] = {
		{ .fd = shim->pidfd, .events = POLLIN },
		{ .fd = shim_pidfd, .events = POLLIN },
	};

	/* Leave the shim's process group: a signal to the group must not end both. */
	(void)setsid();
	(void)prctl(PR_SET_NAME, "nucleus-guard");
	descriptors_close_standard();
	(void)descriptors_keep(kept, sizeof(kept) / sizeof(kept[0]));
	(void)shim_keep_capabilities(1ULL << CAP_KILL | 1ULL << CAP_DAC_OVERRIDE);
	while (poll(polled, 2, -1) < 0 && errno == EINTR) {
	}
	if (polled[0].revents == 0)
		take_down(shim);
	_exit(0);
}

int guardian_start(struct shim *shim, struct failure *failure)
{
	owned_fd shim_pidfd = -1;
	pid_t pid;

	if (shim->plan.init)
		return 0;
	shim_pidfd = sys_pidfd_open(getpid());
	pid = shim_pidfd < 0 ? -1 : fork();
	if (pid == 0)
		watch(shim, shim_pidfd);
	if (pid < 0)
		return fail(failure, STEP_NAMESPACES, errno, "fork the container's guardian");
	shim->guardian = pid;
	return 0;
}

void guardian_dismiss(struct shim *shim)
{
	if (shim->guardian > 0)
		(void)waitpid(shim->guardian, NULL, 0);
	shim->guardian = 0;
}
