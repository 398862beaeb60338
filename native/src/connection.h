/* Conversations with a shim: framed requests and answers, streams that can be resumed,
 * and, after a dial, plain bytes. */
#ifndef NUCLEUS_CONNECTION_H
#define NUCLEUS_CONNECTION_H

#include "shim.h"
#include "wire.h"

/* How many are served at once; one more is turned away. */
#define CONNECTIONS_MAX 256

struct dial;

struct connection {
	struct connection *next;
	struct source source;
	bool closing; /* after what is pending has been sent */
	bool dead;
	bool subscribed; /* to the container's end */
	uint8_t *in;
	size_t in_length;
	size_t in_capacity;
	uint8_t *out;
	size_t out_length;
	size_t out_capacity;
	bool streaming;
	bool follow;
	uint32_t stream_id; /* 0: the container's log; else an exec */
	uint64_t offset;
	int file_fd;
	uint64_t file_segment;
	bool input_waits;  /* for a full pipe; the frame is kept at the front */
	uint32_t input_id; /* whose pipe: 0 the workload's, else an exec's */
	struct source input;
	struct dial *dial;
};

struct connection *connection_add(struct shim *shim, int fd);
/* Sends a finished frame, now or when the peer is ready. */
void connection_send(struct connection *connection, const struct writer *writer);
/* Sends as much as the peer takes: what is pending, then what its stream has. */
void connection_pump(struct shim *shim, struct connection *connection);
/* Streams `id` to the peer from `offset` on. */
void connection_stream(struct shim *shim, struct connection *connection, uint32_t id,
		       uint64_t offset, bool follow);
/* The pipe that this connection's input waits for: its descriptor is -1 when none is. */
struct source *connection_input(struct shim *shim, struct connection *connection);
/* Frees the connections that have ended. */
void connections_sweep(struct shim *shim);

#endif
