#include "launch/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/descriptors.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int pty_resize(int master, const struct terminal_size *size)
{
	struct winsize window = { .ws_row = size->rows, .ws_col = size->columns };

	return ioctl(master, TIOCSWINSZ, &window) < 0 ? -errno : 0;
}

int pty_open(int directory_fd, const char *path, const struct terminal_size *size, int *master,
	     int *slave)
{
	owned_fd near = openat(directory_fd, path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	owned_fd far = -1;
	int locked = 0;

	if (near < 0 || ioctl(near, TIOCSPTLCK, &locked) < 0)
		return -errno;
	/* Through the master, not by a path that may lead to something else by now. */
	far = ioctl(near, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (far < 0 || pty_resize(near, size) < 0)
		return -errno;
	*master = release(&near);
	*slave = release(&far);
	return 0;
}

int pty_open_inside(const struct terminal_size *size, int *master, int *slave)
{
	return pty_open(AT_FDCWD, "/dev/pts/ptmx", size, master, slave);
}

int pty_take(void)
{
	return ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0 ? -errno : 0;
}
