/* File descriptors owned by one variable each, and closed when it goes out of scope. */
#ifndef NUCLEUS_DESCRIPTORS_H
#define NUCLEUS_DESCRIPTORS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

static inline void close_owned(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define owned_fd __attribute__((cleanup(close_owned))) int

/* Releases the descriptor: the variable no longer owns it. */
static inline int release(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Writes all of it. Returns 0, or a negative errno. */
static inline int write_whole(int fd, const uint8_t *content, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, content, length);

		if (written < 0)
			return -errno;
		content += written;
		length -= (size_t)written;
	}
	return 0;
}

/* Redirects the standard streams to /dev/null. */
void descriptors_close_standard(void);
/* Closes every descriptor above the standard streams except `kept`, so that no other can be reached
 * by number any more. Returns 0, or a negative errno. */
int descriptors_keep(const int *kept, size_t count);

/* Maximum number of descriptors in one message (unix(7), SCM_MAX_FD). */
#define DESCRIPTORS_MAX 253

/* Sends one message, with copies of the descriptors (unix(7), SCM_RIGHTS). Returns 0, or a negative
 * errno. */
int descriptors_send(int socket_fd, const void *bytes, size_t size, const int *fds, size_t count);

/* Receives one message. The caller owns the received descriptors, which are close-on-exec; those
 * beyond `room` are closed. Returns the number of bytes, like read(2). */
ssize_t descriptors_receive(int socket_fd, void *bytes, size_t size, int *fds, size_t room,
			    size_t *count);

#endif
