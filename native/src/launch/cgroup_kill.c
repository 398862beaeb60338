#include "launch/cgroup_kill.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "launch/cgroup.h"
#include "launch/freezer.h"

/* Maximum passes over the members: some may be forked while others are killed. */
#define KILL_TURNS 1000

void cgroup_kill(const struct plan *plan)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	owned_fd fd = plan->cgroup.unified[0] == '\0'
			      ? -1
			      : cgroup_open_unified(plan, "cgroup.kill", O_WRONLY);

	if (fd >= 0 && write(fd, "1", 1) == 1)
		return;
	if (plan->cgroup.directory_count == 0)
		return;
	/* A frozen process does not die (cgroup-v1/freezer-subsystem.rst). */
	if (plan->cgroup.freezer[0] != '\0')
		(void)freezer_set(plan, NULL, false);
	for (int turn = 0;
	     turn < KILL_TURNS && cgroup_kill_members(plan->cgroup.directories[0]) > 0; turn++)
		(void)nanosleep(&pause, NULL);
}
