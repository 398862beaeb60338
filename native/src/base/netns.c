#include "base/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "base/descriptors.h"

int netns_open(int namespace_fd, int (*open)(int argument), int argument)
{
	owned_fd home = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd;

	if (home < 0 || setns(namespace_fd, CLONE_NEWNET) < 0)
		return -errno;
	fd = open(argument);
	if (setns(home, CLONE_NEWNET) < 0)
		_exit(1);
	return fd;
}
