#include "launch/null_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "launch/mount_sources.h"

static int on_read_only_mount = -1;

static int open_again(int fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

void null_device_prepare(void)
{
	owned_fd mount_fd = mount_source_clone("/dev/null", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
								    MOUNT_ATTR_NOEXEC);

	/* The descriptor keeps the detached mount alive. */
	if (mount_fd >= 0 && geteuid() == 0)
		on_read_only_mount = open_again(mount_fd);
}

int null_device_open(void)
{
	int fd;

	if (on_read_only_mount < 0 && geteuid() == 0)
		null_device_prepare();
	if (on_read_only_mount < 0 && geteuid() == 0) {
		errno = EPERM;
		return -EPERM;
	}
	fd = on_read_only_mount >= 0 ? open_again(on_read_only_mount)
				     : openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
