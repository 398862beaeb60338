#include "launch/handles.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/descriptors.h"

/* The user namespace first, because it gives the right to enter the others; the mount namespace
 * last, because paths resolve differently in it. */
static const struct {
	const char *name;
	uint32_t flag;
} namespaces_in_order[HANDLES - 1] = {
	{ "user", CLONE_NEWUSER }, { "ipc", CLONE_NEWIPC },       { "uts", CLONE_NEWUTS },
	{ "net", CLONE_NEWNET },   { "cgroup", CLONE_NEWCGROUP }, { "pid", CLONE_NEWPID },
	{ "mnt", CLONE_NEWNS },
};

void handles_init(struct handles *handles)
{
	for (size_t i = 0; i < HANDLES; i++)
		handles->fds[i] = -1;
}

void handles_close(struct handles *handles)
{
	for (size_t i = 0; i < HANDLES; i++)
		close_fd(&handles->fds[i]);
}

static int open_own(struct handles *handles)
{
	char path[64];

	owned_fd proc = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs status;

	/* A link in a volume may have caused another mount there. */
	if (proc < 0 || fstatfs(proc, &status) < 0)
		return -errno;
	if (status.f_type != PROC_SUPER_MAGIC)
		return -EXDEV;
	handles->fds[0] = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 1; i < HANDLES; i++) {
		(void)snprintf(path, sizeof(path), "self/ns/%s", namespaces_in_order[i - 1].name);
		handles->fds[i] = openat(proc, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	for (size_t i = 0; i < HANDLES; i++) {
		if (handles->fds[i] < 0)
			return -errno;
	}
	return 0;
}

int handles_send(int fd, const void *record, size_t size, struct failure *failure)
{
	struct handles handles;
	int result;

	handles_init(&handles);
	result = open_own(&handles);
	if (result == 0)
		result = descriptors_send(fd, record, size, handles.fds, HANDLES);
	handles_close(&handles);
	return result < 0 ? fail(failure, STEP_NAMESPACES, -result,
				 "send the namespaces to the supervisor")
			  : 0;
}

void handles_take(struct handles *handles, const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (count == HANDLES && handles->fds[i] < 0)
			handles->fds[i] = fds[i];
		else
			(void)close(fds[i]);
	}
}

int handles_enter_namespaces(const struct handles *handles, uint32_t namespaces)
{
	for (size_t i = 1; i < HANDLES; i++) {
		uint32_t flag = namespaces_in_order[i - 1].flag;

		if ((namespaces & flag) != 0 && setns(handles->fds[i], (int)flag) < 0)
			return -errno;
	}
	return 0;
}

int handles_enter(const struct handles *handles, uint32_t namespaces, struct failure *failure)
{
	int result = handles_enter_namespaces(handles, namespaces);

	if (result < 0)
		return fail(failure, STEP_NAMESPACES, -result, "enter the container's namespaces");
	if (fchdir(handles->fds[0]) < 0 || chroot(".") < 0)
		return fail(failure, STEP_PIVOT, errno, "enter the container's root");
	return 0;
}
