/* What a shim tells of its container, as frames to one connection. */
#ifndef NUCLEUS_ANSWER_H
#define NUCLEUS_ANSWER_H

#include "shim/connection.h"
#include "shim/shim.h"

/* `error`: a positive errno; `text`: what was attempted. */
void send_error(struct connection *connection, int error, const char *text);
/* A frame that says all by its type. */
void send_empty(struct connection *connection, enum answer type);
/* Tells one that subscribed what has happened so far. */
void send_state(struct shim *shim, struct connection *connection);
void send_created(const struct shim *shim, struct connection *connection);
void send_started(const struct shim *shim, struct connection *connection);
void send_exited(const struct shim *shim, struct connection *connection);
/* The record that the manager gave with the plan, byte for byte. */
void send_record(const struct shim *shim, struct connection *connection);

#endif
