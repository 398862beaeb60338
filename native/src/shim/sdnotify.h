/* What a workload says of itself by sd_notify(3): datagrams to a socket that is bound on the host
 * and bind-mounted into the container. Anybody inside may write to it. */
#ifndef NUCLEUS_SDNOTIFY_H
#define NUCLEUS_SDNOTIFY_H

#include "base/failure.h"
#include "shim/connection.h"
#include "shim/shim.h"

/* Makes the socket, where the plan asks for one. */
int sdnotify_open(struct shim *shim, struct failure *failure);
/* Takes the socket's name off the host, once it is mounted. */
void sdnotify_mounted(const struct shim *shim);
/* Tells a new subscriber what was said before. */
void sdnotify_send(const struct shim *shim, struct connection *connection);
void sdnotify_close(struct shim *shim);

#endif
