#include "base/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/descriptors.h"
#include "base/wire.h"

void peer_refuse(int fd, const struct failure *failure)
{
	uint8_t bytes[512];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };

	write_failure(&writer, ANSWER_FAILED, failure);
	(void)send(fd, bytes, writer.length, MSG_NOSIGNAL);
}

static int reserve = -1;

void peer_keep_reserve(void)
{
	reserve = openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
}

int peer_accept(int listener, int flags, void (*refuse)(int fd, const struct failure *failure))
{
	struct failure failure = { 0 };
	owned_fd fd = accept4(listener, NULL, NULL, flags | SOCK_CLOEXEC);

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
		return release(&fd);
	(void)fail(&failure, STEP_PLAN, errno, "accept the connection");
	close_fd(&reserve);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		refuse(fd, &failure);
	close_fd(&fd);
	peer_keep_reserve();
	return -1;
}
