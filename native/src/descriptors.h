/* File descriptors owned by one variable each: closed when it leaves its scope. */
#ifndef NUCLEUS_DESCRIPTORS_H
#define NUCLEUS_DESCRIPTORS_H

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

#endif
