/* File descriptors owned by one variable each: closed when it leaves its scope. */
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

/* Hands the descriptor on: the variable no longer owns it. */
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

/* Writes all of it. 0, or a negative errno. */
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

/* Points the standard streams to nothing. */
void descriptors_close_standard(void);
/* Closes every descriptor above the standard streams except `kept`, so that no other can be
 * reached by number any more. 0, or a negative errno. */
int descriptors_keep(const int *kept, size_t count);

/* As many as one message may carry (unix(7), SCM_MAX_FD). */
#define DESCRIPTORS_MAX 253

/* Sends one message, with copies of the descriptors (unix(7), SCM_RIGHTS). 0, or a negative errno.
 */
int descriptors_send(int socket_fd, const void *bytes, size_t size, const int *fds, size_t count);

/* Receives one message. Descriptors that came with it are the caller's, close-on-exec; what does
 * not fit into the room for them is closed. Returns the number of bytes, as read(2)
 * does. */
ssize_t descriptors_receive(int socket_fd, void *bytes, size_t size, int *fds, size_t room,
			    size_t *count);

#endif
