/* The events and answers that a shim sends, as frames. */
#ifndef NUCLEUS_ANSWER_H
#define NUCLEUS_ANSWER_H

#include "shim/connection.h"
#include "shim/shim.h"

/* Subscribes the connection and sends it the container's state so far. */
void send_state(struct shim *shim, struct connection *connection);
void send_created(const struct shim *shim, struct connection *connection);
void send_started(const struct shim *shim, struct connection *connection);
void send_exited(const struct shim *shim, struct connection *connection);
/* Reports the exit of the process that the client is attached to; `status` is a wait(2) status. */
void send_ended(struct connection *connection, int status);
/* Reports the exit of the workload (id 0) or of an exec to its clients, which read the rest of its
 * output first. */
void send_ended_to_clients(struct shim *shim, uint32_t id, int status);
/* Reports a non-fatal failure to all subscribers. */
void send_warning(struct shim *shim, const struct failure *failure);
/* Sends the record that the manager included in the plan, byte for byte. */
void send_record(const struct shim *shim, struct connection *connection);

#endif
