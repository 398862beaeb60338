#include "connect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ms between two attempts to connect. */
#define RETRY_MS 20

int default_socket(char *path, size_t size)
{
	const char *given = getenv("NUCLEUS_SOCKET");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int length;

	if (given != NULL && given[0] != '\0')
		length = snprintf(path, size, "%s", given);
	else if (geteuid() == 0)
		length = snprintf(path, size, "/run/nucleus/nucleus.sock");
	else if (runtime != NULL)
		length = snprintf(path, size, "%s/nucleus/nucleus.sock", runtime);
	else if (state != NULL)
		length = snprintf(path, size, "%s/nucleus/run/nucleus.sock", state);
	else
		length = snprintf(path, size, "%s/.local/state/nucleus/run/nucleus.sock",
				  home == NULL ? "" : home);
	return length > 0 && (size_t)length < size ? 0 : -1;
}

static int open_socket(const char *path, int flags, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address->sun_path, path, strlen(path) + 1);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

int connect_to(const char *path)
{
	struct sockaddr_un address;
	int fd = open_socket(path, 0, &address);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		(void)close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int connect_waiting(const char *path, const struct waiter *waiter)
{
	struct sockaddr_un address;
	int fd = open_socket(path, SOCK_NONBLOCK, &address);

	if (fd < 0)
		return -1;
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		/* EAGAIN: the backlog is full (unix(7)), and no event reports when it has room. */
		if (error != EAGAIN || !waiter->readable(waiter->context, -1, RETRY_MS)) {
			(void)close(fd);
			errno = error;
			return -1;
		}
	}
	(void)fcntl(fd, F_SETFL, 0);
	return fd;
}
