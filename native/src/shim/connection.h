/* Conversations with a shim: framed requests and answers, streams that can be resumed,
 * and, after a dial, plain bytes. */
#ifndef NUCLEUS_CONNECTION_H
#define NUCLEUS_CONNECTION_H

#include "base/wire.h"
#include "shim/shim.h"

/* What a connection is used for, known by its requests. Each use has slots of its own, so that
 * readers and sessions take none from probes, and none of them from the connections that control
 * the container: subscriptions, signals, stops. */
enum connection_use {
	USE_CONTROL, /* what has asked for nothing below, or for nothing yet */
	USE_PROBE,   /* a captured exec or a dial */
	USE_SESSION, /* an exec that is not captured, its output, or an attached operator */
	USE_CLIENT,  /* of an exec, whose session counts already */
	USE_READER,  /* the log alone: the manager's, which passes it on to all who read */
	USE_COUNT,
};

/* Slots of each use. With eight descriptors of a session, five of a probe, two of a reader and
 * one of the others all of it stays below the usual limit of 1024. */
#define CONTROLS_MAX 64
#define PROBES_MAX 48
#define SESSIONS_MAX 64
#define READERS_MAX 32
#define CONNECTIONS_MAX (CONTROLS_MAX + PROBES_MAX + 2 * SESSIONS_MAX + READERS_MAX)

struct dial;

/* One for standard output, one for standard error; see attach.h. */
#define ATTACHED_OUTPUTS 2

/* Where an attached client reads an output. */
struct tap {
	struct source source;  /* our end of its pipe: polled while that is full */
	struct output *output; /* NULL: it has ended */
	size_t done;           /* of what is pending there */
};

struct connection {
	struct connection *next;
	struct source source;
	enum connection_use use;
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
	uint64_t offset;
	int file_fd;
	uint64_t file_segment;
	struct dial *dial;
	bool attached;
	bool owner; /* what it is attached to ends with it */
	uint32_t attached_id;
	struct tap taps[ATTACHED_OUTPUTS];
	struct source keys; /* what is typed at its terminal */
	uint8_t typed[512]; /* read, and not written to the terminal yet */
	size_t typed_start;
	size_t typed_end;
	struct source terminal; /* polled while it has no room for what was typed */
};

/* What is done for a connection by whoever knows its requests. */
struct connection_handler {
	/* Serves the request at the front of what was received, if it is there whole. True: there
	 * may be another. */
	bool (*serve)(struct shim *shim, struct connection *connection);
	/* Whether what was requested on it still runs. */
	bool (*is_wanted)(const struct shim *shim, const struct connection *connection);
	/* It ends. */
	void (*left)(struct shim *shim, struct connection *connection);
};

/* NULL: there is no slot, and none is held by an idle connection. */
struct connection *connection_add(struct shim *shim, int fd);
/* Counts the connection under another use. False when that has no slot left; the peer has then
 * been answered EAGAIN. */
bool connection_admit(struct shim *shim, struct connection *connection, enum connection_use use);
/* Sends a finished frame, now or when the peer is ready. */
void connection_send(struct connection *connection, const struct writer *writer);
/* `error`: a positive errno; `text`: what was attempted. */
void send_error(struct connection *connection, int error, const char *text);
/* A frame that says all by its type. */
void send_empty(struct connection *connection, enum answer type);
/* Sends as much as the peer takes: what is pending, then what its stream has. */
void connection_pump(struct shim *shim, struct connection *connection);
/* Sends what the container's log has to whoever follows it. */
void connections_pump_log(struct shim *shim);
/* Streams the log to the peer from `offset` on. */
void connection_stream(struct shim *shim, struct connection *connection, uint64_t offset,
		       bool follow);

#endif
