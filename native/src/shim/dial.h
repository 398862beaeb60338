/* A TCP stream to a port inside the container's network namespace. */
#ifndef NUCLEUS_DIAL_H
#define NUCLEUS_DIAL_H

#include "base/passage.h"
#include "shim/connection.h"

struct dial {
	struct source source; /* the TCP socket, or the socket to the relay */
	struct connection *connection;
	bool connecting;
	bool relayed; /* by a process inside, which reports the result */
	uint16_t port;
	bool over_v6; /* 127.0.0.1 failed with `error`; ::1 is being tried */
	int error;
	int64_t deadline;
	struct passage inward;
	struct passage outward;
};

void dial_start(struct shim *shim, struct connection *connection, uint16_t port, uint32_t timeout);
void dial_free(struct dial *dial);

#endif
