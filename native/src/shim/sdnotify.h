/* The workload's sd_notify(3) messages: datagrams to a socket that is bound on the host and
 * bind-mounted into the container. Any process inside may write to it. */
#ifndef NUCLEUS_SDNOTIFY_H
#define NUCLEUS_SDNOTIFY_H

#include "base/failure.h"
#include "shim/connection.h"
#include "shim/shim.h"

/* Creates the socket, if the plan requests one. */
int sdnotify_open(struct shim *shim, struct failure *failure);
/* Removes the socket's name from the host, once it is mounted. */
void sdnotify_mounted(const struct shim *shim);
/* Sends a new subscriber the state reported so far. */
void sdnotify_send(const struct shim *shim, struct connection *connection);
void sdnotify_close(struct shim *shim);

#endif
