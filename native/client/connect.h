/* Sockets of the manager and of supervisors. */
#ifndef NUCLEUS_CLIENT_CONNECT_H
#define NUCLEUS_CLIENT_CONNECT_H

#include <stddef.h>

/* Where the manager listens: $NUCLEUS_SOCKET, or the run directory of this user, as the manager
 * itself finds it. 0, or -1: the path is too long. */
int default_socket(char *path, size_t size);
/* A descriptor, or -1 with errno. */
int connect_to(const char *path);

#endif
