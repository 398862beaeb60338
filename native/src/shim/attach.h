/* Clients attached to the streams of the workload or of an exec. A client holds the other ends of
 * pipes that the shim creates, so the container's output reaches it through the kernel and not
 * through the log, and a client that doesn't read blocks the writer. No process of the container
 * ever has one of these ends, and a client passes none of its own descriptors to the shim.
 *
 * The manager decides who may attach: it announces a ticket, which is valid for one client, for a
 * few seconds and for one operation. */
#ifndef NUCLEUS_ATTACH_H
#define NUCLEUS_ATTACH_H

#include "base/wire.h"
#include "shim/connection.h"
#include "shim/shim.h"

/* Maximum log rate of a container launched for an attached client, in bytes per second. */
#define ATTACHED_LOG_RATE (4U << 20)

/* Joins the loop: serves attached clients, ends processes whose client did not attach in time. */
void attach_init(struct shim *shim);
/* Attaches a client that presents a ticket. Payload: bytes ticket. */
void attach_serve(struct shim *shim, struct connection *connection, struct reader *reader);
/* Detaches a client that has disconnected, and ends the process that it owned. */
void attach_detach(struct shim *shim, struct connection *connection);

#endif
