/* Sockets of the manager and of supervisors. */
#ifndef NUCLEUS_CLIENT_CONNECT_H
#define NUCLEUS_CLIENT_CONNECT_H

#include <stdbool.h>
#include <stddef.h>

/* Where the manager listens: $NUCLEUS_SOCKET, or the run directory of this user, as the manager
 * itself finds it. 0, or -1: the path is too long. */
int default_socket(char *path, size_t size);

/* Waits while signals are handled. */
struct waiter {
	void *context;
	/* Until the descriptor (or none: -1) is readable, or ms are over (-1: never). False: a
	 * signal has ended the client. */
	bool (*readable)(void *context, int fd, int ms);
};

/* A descriptor, or -1 with errno. */
int connect_to(const char *path);
/* As connect_to(), but handles signals while the socket's backlog is full. */
int connect_waiting(const char *path, const struct waiter *waiter);

#endif
