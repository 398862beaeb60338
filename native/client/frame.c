#include "frame.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

void frame_put_u32(uint8_t *at, size_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

void frame_put_header(uint8_t *at, uint8_t type, size_t length)
{
	frame_put_u32(at, length);
	at[4] = type;
}

uint32_t frame_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

int write_all(int fd, const void *data, size_t length)
{
	const uint8_t *at = data;

	while (length > 0) {
		ssize_t written = write(fd, at, length);

		if (written < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			(void)poll(&wait, 1, -1);
			continue;
		}
		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			at += written;
			length -= (size_t)written;
		}
	}
	return 0;
}

int frame_send(int fd, uint8_t type, const void *data, size_t length)
{
	uint8_t header[FRAME_HEADER];

	frame_put_header(header, type, length);
	return write_all(fd, header, sizeof(header)) < 0 ? -1 : write_all(fd, data, length);
}
