#include "launch/id_map.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/syscalls.h"

#define NOBODY 65534
#define MAPS_MAX 64

uint32_t id_map_outside(const struct id_map *maps, size_t count, uint32_t inside)
{
	for (size_t i = 0; i < count; i++) {
		if (inside >= maps[i].inside && inside - maps[i].inside < maps[i].count)
			return maps[i].outside + (inside - maps[i].inside);
	}
	return inside;
}

int id_map_write_text(int pid, const char *file, const char *text)
{
	char path[64];
	owned_fd fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int id_map_write(int pid, const char *file, const struct id_map *maps, size_t count)
{
	char text[4096];
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		int printed = snprintf(text + length, sizeof(text) - length, "%u %u %u\n",
				       maps[i].inside, maps[i].outside, maps[i].count);

		if (printed < 0 || (size_t)printed >= sizeof(text) - length)
			return -E2BIG;
		length += (size_t)printed;
	}
	return id_map_write_text(pid, file, text);
}

/* Maps the owner on disk to the workload's ID outside, and with gVisor also root: runsc's file
 * server creates a file as root before it changes the owner. Returns the number of maps. */
static size_t map_owner(const struct plan *plan, uint32_t disk, uint32_t outside,
			struct id_map maps[2])
{
	maps[0] = (struct id_map){ .inside = disk, .outside = outside, .count = 1 };
	maps[1] = (struct id_map){ .inside = disk == 0 ? NOBODY : 0, .outside = 0, .count = 1 };
	return plan_uses_gvisor(plan) && outside != 0 ? 2 : 1;
}

static int write_owner_maps(const struct plan *plan, int pid, uint32_t uid, uint32_t gid)
{
	bool uses_gvisor = plan_uses_gvisor(plan);
	uint32_t user = id_map_outside(plan->uid_maps, plan->uid_map_count,
				       uses_gvisor ? plan->gvisor.uid : plan->uid);
	uint32_t group = id_map_outside(plan->gid_maps, plan->gid_map_count,
					uses_gvisor ? plan->gvisor.gid : plan->gid);
	struct id_map maps[2];
	int result = id_map_write(pid, "uid_map", maps, map_owner(plan, uid, user, maps));

	if (result < 0)
		return result;
	return id_map_write(pid, "gid_map", maps, map_owner(plan, gid, group, maps));
}

/* Maps the namespace's users to their IDs on disk, which are never root's; root on disk becomes a
 * user that the namespace does not have. Returns the number of maps. */
static size_t map_volume(const struct id_map *maps, size_t count, struct id_map on_disk[MAPS_MAX])
{
	size_t used = 1;

	/* Root on disk must be mapped, or nobody could write to a directory of root's, whatever its
	 * mode (inode_permission, HAS_UNMAPPED_ID); but it is mapped to no user inside. */
	on_disk[0] = (struct id_map){ .inside = 0, .outside = ROOT_ON_DISK, .count = 1 };
	for (size_t i = 0; i < count && used + 2 <= MAPS_MAX; i++) {
		struct id_map rest = maps[i];

		if (rest.inside == 0) {
			on_disk[used++] = (struct id_map){ .inside = ROOT_ON_DISK,
							   .outside = rest.outside,
							   .count = 1 };
			rest.inside++;
			rest.outside++;
			rest.count--;
		}
		if (rest.count > 0)
			on_disk[used++] = rest;
	}
	return used;
}

static int write_volume_maps(const struct plan *plan, int pid)
{
	struct id_map maps[MAPS_MAX];
	int result = id_map_write(pid, "uid_map", maps,
				  map_volume(plan->uid_maps, plan->uid_map_count, maps));

	if (result < 0)
		return result;
	return id_map_write(pid, "gid_map", maps,
			    map_volume(plan->gid_maps, plan->gid_map_count, maps));
}

/* Starts a process that keeps a new user namespace alive while its maps are written. Returns its
 * PID, or a negative errno. */
static int hold_namespace(void)
{
	struct clone_args arguments = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	long pid = sys_clone3(&arguments);

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	return pid < 0 ? -errno : (int)pid;
}

/* Opens the namespace if its maps were written (`result`), and kills the process that held it. */
static int take_namespace(int pid, int result)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	if (result == 0) {
		result = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
		result = result < 0 ? -errno : result;
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return result;
}

int id_map_owner_userns(const struct plan *plan, uint32_t uid, uint32_t gid)
{
	int pid = hold_namespace();

	return pid < 0 ? pid : take_namespace(pid, write_owner_maps(plan, pid, uid, gid));
}

int id_map_volume_userns(const struct plan *plan)
{
	int pid = hold_namespace();

	return pid < 0 ? pid : take_namespace(pid, write_volume_maps(plan, pid));
}

void id_map_chown_pipe(const struct plan *plan, int fd)
{
	(void)!fchown(fd, id_map_outside(plan->uid_maps, plan->uid_map_count, plan->uid),
		      id_map_outside(plan->gid_maps, plan->gid_map_count, plan->gid));
}
