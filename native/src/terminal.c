#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "begin.h"
#include "descriptors.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int terminal_resize(int master, const struct terminal_size *size)
{
	struct winsize window = { .ws_row = size->rows, .ws_col = size->columns };

	return ioctl(master, TIOCSWINSZ, &window) < 0 ? -errno : 0;
}

int terminal_open(const struct plan *plan, const struct terminal_size *size, int in[2], int out[2],
		  int err[2])
{
	owned_fd master = openat(AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	owned_fd slave = -1;
	int locked = 0;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &locked) < 0)
		return -errno;
	/* By the master, not by a name that somebody could have put something else under. */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || terminal_resize(master, size) < 0 || fchmod(slave, 0600) < 0)
		return -errno;
	give_to_workload(plan, slave);
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

int terminal_hand_over(const char *socket_path, int in[2], int out[2])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static const char name[] = "terminal";
	owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int result;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	result = descriptors_send(fd, name, sizeof(name) - 1, &out[0], 1);
	if (result < 0)
		return result;
	close_fd(&in[1]);
	close_fd(&out[0]);
	return 0;
}

int terminal_take(void)
{
	return ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0 ? -errno : 0;
}
