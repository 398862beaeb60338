/* Clients that are attached to the streams of the workload, or of an exec: each has the other ends
 * of pipes that were made here, so what the container writes goes to it by the kernel and not
 * through its log, and waits while it doesn't read. No process of the container ever has one of
 * these ends, and none of a client's own descriptors comes here.
 *
 * Who may attach says the manager: it announces a ticket, which is good for one client, for a few
 * seconds and for one operation. */
#ifndef NUCLEUS_ATTACH_H
#define NUCLEUS_ATTACH_H

#include "base/wire.h"
#include "shim/connection.h"
#include "shim/shim.h"

/* Most that is logged of a container that was run for a client, in bytes a second. */
#define ATTACHED_LOG_RATE (4U << 20)

/* From now on clients are taken, and what was announced to one that does not come in time ends. */
void attach_begin(struct shim *shim);
/* Takes a client that presents a ticket: bytes ticket. */
void attach_serve(struct shim *shim, struct connection *connection, struct reader *reader);
/* Its client has left: what it owned ends. */
void attach_left(struct shim *shim, struct connection *connection);

#endif
