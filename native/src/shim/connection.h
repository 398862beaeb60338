/* Connections to a shim: framed requests and answers, a log stream that can be resumed and, after a
 * dial, plain bytes. */
#ifndef NUCLEUS_CONNECTION_H
#define NUCLEUS_CONNECTION_H

#include "base/wire.h"
#include "shim/shim.h"

/* What a connection is used for, as its requests show. Each use has its own slots, so that readers
 * and sessions can't starve probes, and none of these can starve the connections that control the
 * container: subscriptions, signals, stops. */
enum connection_use {
	USE_CONTROL, /* none of the requests below, or no request yet */
	USE_PROBE,   /* a captured exec or a dial */
	USE_SESSION, /* an uncaptured exec, a client of the workload, or a subscriber's log */
	USE_CLIENT,  /* a client of an exec, whose session is already counted */
	USE_READER,  /* only the log: the manager, which serves all its readers from it */
	USE_COUNT,
};

/* Slots of each use. At eight descriptors per session, five per probe, two per reader and one per
 * other connection, the total stays below the usual limit of 1024. */
#define CONTROLS_MAX 64
#define PROBES_MAX 48
#define SESSIONS_MAX 64
#define READERS_MAX 32
#define CONNECTIONS_MAX (CONTROLS_MAX + PROBES_MAX + 2 * SESSIONS_MAX + READERS_MAX)

struct dial;

/* One for standard output, one for standard error; see attach.h. */
#define ATTACHED_OUTPUTS 2

/* The pipe through which an attached client reads an output. */
struct tap {
	struct source source;  /* our end of the pipe: polled while it is full */
	struct output *output; /* NULL: the output has ended */
	size_t done;           /* bytes of output->pending already written */
};

struct connection {
	struct connection *next;
	struct source source;
	enum connection_use use;
	bool closing; /* to be closed once pending data has been sent */
	bool dead;
	bool subscribed; /* to the container's events */
	uint8_t *in;
	size_t in_length;
	size_t in_capacity;
	uint8_t *out;
	size_t out_length;
	size_t out_capacity;
	bool streaming;
	bool follow;
	uint64_t offset;
	int file_fd;
	uint64_t file_segment;
	struct dial *dial;
	bool attached;
	bool owner; /* the attached process ends with this client */
	uint32_t attached_id;
	struct tap taps[ATTACHED_OUTPUTS];
	struct source keys; /* input typed at the client's terminal */
	uint8_t typed[512]; /* read but not yet written to the terminal */
	size_t typed_start;
	size_t typed_end;
	struct source terminal; /* polled while it can't take the typed input */
};

/* Callbacks of the code that knows the requests. */
struct connection_handler {
	/* Serves the first request received, if it is complete. True: there may be another. */
	bool (*serve)(struct shim *shim, struct connection *connection);
	/* Whether a process requested on the connection still runs. */
	bool (*has_running_exec)(const struct shim *shim, const struct connection *connection);
	/* The connection is about to be freed. */
	void (*on_close)(struct shim *shim, struct connection *connection);
};

/* Adds a connection, closing the oldest idle one if all slots are taken. NULL: none is idle, or no
 * memory. */
struct connection *connection_add(struct shim *shim, int fd);
/* Counts the connection under another use. False if that use has no free slot; EAGAIN has then been
 * sent to the peer. */
bool connection_admit(struct shim *shim, struct connection *connection, enum connection_use use);
/* Sends a finished frame, now or when the peer is ready. */
void connection_send(struct connection *connection, const struct writer *writer);
/* `error`: a positive errno; `text`: what was attempted. */
void send_error(struct connection *connection, int error, const char *text);
/* Sends a frame without a payload. */
void send_empty(struct connection *connection, enum answer type);
/* Sends as much as the peer accepts: first what is pending, then its log stream. */
void connection_pump(struct shim *shim, struct connection *connection);
/* Sends new log data to every connection that streams the log. */
void connections_pump_log(struct shim *shim);
/* Streams the log to the peer from `offset` on. */
void connection_stream(struct shim *shim, struct connection *connection, uint64_t offset,
		       bool follow);

#endif
