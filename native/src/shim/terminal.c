#include "shim/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "launch/id_map.h"
#include "launch/pty.h"

/* Opens the container's /dev/pts; -1 if it can't be reached or is not a devpts. */
static int open_pts(const struct shim *shim)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	char path[64];
	owned_fd opened = -1;
	owned_fd pts = -1;
	int root = shim->handles.fds[0];
	struct statfs status;

	if (root < 0) {
		(void)snprintf(path, sizeof(path), "/proc/%d/root", shim->pid);
		opened = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		root = opened;
	}
	pts = root < 0 ? -1 : sys_openat2(root, "dev/pts", &how);
	if (pts < 0 || fstatfs(pts, &status) < 0 || status.f_type != DEVPTS_SUPER_MAGIC)
		return -1;
	return release(&pts);
}

/* Opens a terminal of the host, for the workload's user. 0, or a negative errno. */
static int open_on_host(const struct plan *plan, const struct terminal_size *size, int *master,
			int *slave)
{
	int result = pty_open(AT_FDCWD, "/dev/ptmx", size, master, slave);

	if (result == 0 && fchmod(*slave, 0600) < 0)
		result = -errno;
	if (result == 0)
		id_map_chown_pipe(plan, *slave);
	return result;
}

int terminal_open(const struct shim *shim, const struct terminal_size *size, int in[2], int out[2],
		  int err[2])
{
	owned_fd pts = plan_uses_gvisor(&shim->plan) || !shim->started ? -1 : open_pts(shim);
	owned_fd master = -1;
	owned_fd slave = -1;
	int result = pts < 0 ? -ENODEV : pty_open(pts, "ptmx", size, &master, &slave);

	/* The container may have used up the terminals of its devpts (ENOSPC). */
	if (result < 0)
		result = open_on_host(&shim->plan, size, &master, &slave);
	if (result < 0)
		return result;
	in[0] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
	out[1] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
	err[1] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
	in[1] = fcntl(master, F_DUPFD_CLOEXEC, 0);
	err[0] = -1;
	if (in[0] < 0 || out[1] < 0 || err[1] < 0 || in[1] < 0)
		return -errno;
	out[0] = release(&master);
	return 0;
}

int terminal_hand_over(const char *socket_path, int master)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static const char name[] = "terminal";
	owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return descriptors_send(fd, name, sizeof(name) - 1, &master, 1);
}

int terminal_key_signal(int master, const uint8_t *keys, size_t length, pid_t *group)
{
	struct termios settings;

	/* On the master, these return the slave's settings and foreground group (pty(7)). */
	if (tcgetattr(master, &settings) < 0 || (settings.c_lflag & ISIG) == 0 ||
	    ioctl(master, TIOCGPGRP, group) < 0)
		return 0;
	for (size_t i = 0; i < length; i++) {
		if (keys[i] == _POSIX_VDISABLE)
			continue;
		if (keys[i] == settings.c_cc[VINTR])
			return SIGINT;
		if (keys[i] == settings.c_cc[VQUIT])
			return SIGQUIT;
	}
	return 0;
}
