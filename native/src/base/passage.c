#include "base/passage.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER 16384U

bool passage_fill(struct passage *passage, int fd)
{
	ssize_t got;

	if (passage->ended || passage->length > 0)
		return true;
	if (passage->data == NULL)
		passage->data = malloc(BUFFER);
	if (passage->data == NULL)
		return false;
	got = read(fd, passage->data, BUFFER);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	passage->ended = got == 0;
	passage->start = 0;
	passage->length = (size_t)got;
	return true;
}

bool passage_drain(struct passage *passage, int fd)
{
	while (passage->length > 0) {
		ssize_t sent = write(fd, passage->data + passage->start, passage->length);

		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		passage->start += (size_t)sent;
		passage->length -= (size_t)sent;
	}
	if (passage->ended && !passage->closed) {
		(void)shutdown(fd, SHUT_WR);
		passage->closed = true;
	}
	return true;
}

short passage_events(const struct passage *from_here, const struct passage *to_here)
{
	return (short)((!from_here->ended && from_here->length == 0 ? POLLIN : 0) |
		       (to_here->length > 0 ? POLLOUT : 0));
}
