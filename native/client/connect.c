#include "connect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
		errno = fd < 0 ? errno : ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : fd;
}
