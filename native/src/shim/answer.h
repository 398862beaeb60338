/* What a shim tells of its container, as frames to one connection. */
#ifndef NUCLEUS_ANSWER_H
#define NUCLEUS_ANSWER_H

#include "shim/connection.h"
#include "shim/shim.h"

/* Tells one that subscribed what has happened so far. */
void send_state(struct shim *shim, struct connection *connection);
void send_created(const struct shim *shim, struct connection *connection);
void send_started(const struct shim *shim, struct connection *connection);
void send_exited(const struct shim *shim, struct connection *connection);
/* The end of the process that a client is attached to; `status` as wait(2) has it. */
void send_ended(struct connection *connection, int status);
/* Reports the end of the workload (id 0) or of an exec to its clients, which read the rest of its
 * output first. */
void send_ended_to_clients(struct shim *shim, uint32_t id, int status);
/* Tells all who subscribed of something that went wrong and is gone on without. */
void send_warning(struct shim *shim, const struct failure *failure);
/* The record that the manager gave with the plan, byte for byte. */
void send_record(const struct shim *shim, struct connection *connection);

#endif
