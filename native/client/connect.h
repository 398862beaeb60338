/* Connections to the manager and to supervisors. */
#ifndef NUCLEUS_CLIENT_CONNECT_H
#define NUCLEUS_CLIENT_CONNECT_H

#include <stdbool.h>
#include <stddef.h>

/* The manager's socket: $NUCLEUS_SOCKET, or in this user's run directory, as the manager itself
 * chooses it. Returns 0, or -1 if the path is too long. */
int default_socket(char *path, size_t size);

/* Waits while handling signals. */
struct waiter {
	void *context;
	/* Waits until the descriptor (-1: none) is readable or ms have passed (-1: no limit).
	 * False: a signal has ended the client. */
	bool (*readable)(void *context, int fd, int ms);
};

/* Returns a descriptor, or -1 with errno. */
int connect_to(const char *path);
/* Like connect_to(), but handles signals while the socket's backlog is full. */
int connect_waiting(const char *path, const struct waiter *waiter);

#endif
