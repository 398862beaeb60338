#include "launch/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "launch/host_path.h"
#include "launch/id_map.h"
#include "launch/mount_sources.h"
#include "launch/root_step.h"

#define BATCH 64 /* descriptors in one message; the kernel accepts 253 (SCM_MAX_FD) */
#define WORDS 64 /* arguments of newuidmap(1) */

/* A message with descriptors: the steps that they are for. Count 0: there are no more. */
struct batch {
	uint16_t count;
	uint16_t steps[BATCH];
};

static bool maps_root(const struct id_map *maps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (maps[i].inside == 0)
			return true;
	}
	return false;
}

/* Runs newuidmap(1) or newgidmap(1), set-user-ID programs that let a user map the ranges of
 * /etc/subuid and /etc/subgid. */
static int run_map_program(const char *program, int pid, const struct id_map *maps, size_t count)
{
	static char *const environment[] = { NULL };
	char texts[WORDS][16];
	char *arguments[WORDS + 1];
	size_t words = 0;
	int status;
	pid_t child;

	if (2 + 3 * count > WORDS)
		return -E2BIG;
	(void)snprintf(texts[0], sizeof(texts[0]), "newidmap");
	(void)snprintf(texts[1], sizeof(texts[1]), "%d", pid);
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(texts[2 + 3 * i], sizeof(texts[0]), "%u", maps[i].inside);
		(void)snprintf(texts[3 + 3 * i], sizeof(texts[0]), "%u", maps[i].outside);
		(void)snprintf(texts[4 + 3 * i], sizeof(texts[0]), "%u", maps[i].count);
	}
	for (words = 0; words < 2 + 3 * count; words++)
		arguments[words] = texts[words];
	arguments[words] = NULL;
	child = fork();
	if (child == 0) {
		(void)execve(program, arguments, environment);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

static int write_maps(const struct plan *plan, int pid, struct failure *failure)
{
	bool by_program = plan->map_programs[0][0] != '\0';
	int result = plan->deny_setgroups ? id_map_write_text(pid, "setgroups", "deny") : 0;

	if (result == 0)
		result = by_program ? run_map_program(plan->map_programs[0], pid, plan->uid_maps,
						      plan->uid_map_count)
				    : id_map_write(pid, "uid_map", plan->uid_maps,
						   plan->uid_map_count);
	if (result == 0)
		result = by_program ? run_map_program(plan->map_programs[1], pid, plan->gid_maps,
						      plan->gid_map_count)
				    : id_map_write(pid, "gid_map", plan->gid_maps,
						   plan->gid_map_count);
	if (result < 0)
		return fail(failure, STEP_IDENTITY_MAP, -result,
			    "map users and groups of the namespace%s%s", by_program ? " with " : "",
			    plan->map_programs[0]);
	return 0;
}

static int send_batch(int go_fd, const struct batch *batch, const int *descriptors)
{
	return descriptors_send(go_fd, batch, sizeof(*batch), descriptors, batch->count);
}

/* Opens a batch of sources for the process, which has no rights outside of its namespace: it can't
 * pass directories that only root may enter, nor map owners of files to its namespace. */
static int open_batch(const struct plan *plan, int user_namespace_fd, int volumes_fd, size_t *at,
		      struct batch *batch, int *descriptors, struct failure *failure)
{
	batch->count = 0;
	for (; *at < plan->rootfs_count && batch->count < BATCH; (*at)++) {
		const struct rootfs_step *step = &plan->rootfs[*at];
		int fd;

		if (!root_step_needs_source(step))
			continue;
		fd = mount_source_open(plan, step,
				       (step->flags & ROOTFS_MAPPED) != 0 ? volumes_fd
									  : user_namespace_fd);
		if (fd == -ENOENT && (step->flags & ROOTFS_OPTIONAL) != 0)
			continue;
		if (fd < 0)
			return fail(failure, STEP_ROOTFS, fd == -ESTALE ? ECANCELED : -fd,
				    "bind %s from %s%s", step->target, step->source,
				    fd == -EINVAL   ? ", with owners mapped to the user namespace"
				    : fd == -ESTALE ? HOST_PATH_REPLACED
						    : "");
		batch->steps[batch->count] = (uint16_t)*at;
		descriptors[batch->count++] = fd;
	}
	return 0;
}

static bool has_mapped_volume(const struct plan *plan)
{
	for (size_t i = 0; i < plan->rootfs_count; i++) {
		if ((plan->rootfs[i].flags & ROOTFS_MAPPED) != 0)
			return true;
	}
	return false;
}

static int send_sources(const struct plan *plan, int pid, int go_fd, struct failure *failure)
{
	char path[64];
	owned_fd user_namespace_fd = -1;
	owned_fd volumes_fd = -1;
	size_t at = 0;
	struct batch batch;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	user_namespace_fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (user_namespace_fd < 0)
		return fail(failure, STEP_IDENTITY_MAP, errno, "open %s", path);
	if (has_mapped_volume(plan)) {
		volumes_fd = id_map_volume_userns(plan);
		if (volumes_fd < 0)
			return fail(failure, STEP_IDENTITY_MAP, -volumes_fd,
				    "map the owners of volumes");
	}
	do {
		int descriptors[BATCH] = { 0 };
		int result = open_batch(plan, user_namespace_fd, volumes_fd, &at, &batch,
					descriptors, failure);

		if (result == 0) {
			result = send_batch(go_fd, &batch, descriptors);
			if (result < 0)
				(void)fail(failure, STEP_ROOTFS, -result, "send the mount sources");
		}
		for (size_t i = 0; i < batch.count; i++)
			(void)close(descriptors[i]);
		if (result < 0)
			return result;
	} while (batch.count > 0);
	return 0;
}

int userns_grant(const struct plan *plan, int pid, int go_fd, struct failure *failure)
{
	static const struct batch none = { 0 };
	int result = write_maps(plan, pid, failure);

	if (result < 0)
		return result;
	if (geteuid() == 0)
		return send_sources(plan, pid, go_fd, failure);
	result = send_batch(go_fd, &none, NULL);
	return result < 0 ? fail(failure, STEP_IDENTITY_MAP, -result, "release the container") : 0;
}

/* Receives one message. Returns the number of descriptors in it, or a negative errno. */
static int receive_batch(int go_fd, int *sources)
{
	struct batch batch;
	int fds[BATCH];
	size_t count;
	ssize_t got = descriptors_receive(go_fd, &batch, sizeof(batch), fds, BATCH, &count);

	if (got != (ssize_t)sizeof(batch) || count != batch.count)
		return got < 0 ? -errno : -EPIPE;
	for (size_t i = 0; i < count; i++)
		sources[batch.steps[i]] = fds[i];
	return (int)count;
}

int userns_await(const struct plan *plan, int go_fd, int **sources, struct failure *failure)
{
	bool any = false;
	int got;

	*sources = NULL;
	if (plan->uid_map_count == 0)
		return 0;
	*sources = mount_sources_new(plan);
	if (*sources == NULL)
		return fail(failure, STEP_IDENTITY_MAP, ENOMEM,
			    "allocate the list of mount sources");
	while ((got = receive_batch(go_fd, *sources)) > 0)
		any = true;
	if (got < 0)
		return fail(failure, STEP_IDENTITY_MAP, -got, "the shim wrote no ID maps");
	/* A source that was not sent does not exist. */
	for (size_t i = 0; any && i < plan->rootfs_count; i++) {
		if ((*sources)[i] == NOT_OPENED)
			(*sources)[i] = -ENOENT;
	}
	if (!any) {
		free(*sources);
		*sources = NULL;
	}
	return 0;
}

int userns_enter(const struct plan *plan, struct failure *failure)
{
	uint32_t uid = maps_root(plan->uid_maps, plan->uid_map_count) ? 0 : plan->uid;
	uint32_t gid = maps_root(plan->gid_maps, plan->gid_map_count) ? 0 : plan->gid;

	if (plan->uid_map_count == 0)
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || syscall(SYS_setresgid, gid, gid, gid) < 0 ||
	    syscall(SYS_setresuid, uid, uid, uid) < 0)
		return fail(failure, STEP_IDENTITY_MAP, errno, "become %u:%u of the user namespace",
			    uid, gid);
	return 0;
}
