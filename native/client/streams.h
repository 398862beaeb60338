/* The streams of a process in a container: pipes that its supervisor made, and a connection to it.
 * The manager is not involved: the kernel moves the bytes where it can (splice(2)). */
#ifndef NUCLEUS_CLIENT_STREAMS_H
#define NUCLEUS_CLIENT_STREAMS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connect.h"

#define STREAMS_POLLED 7
#define COPY_MAX 65536U
/* Maximum number of unanswered requests. */
#define REQUESTS_MAX 64

/* One direction of a transfer, from one descriptor to another. */
struct way {
	int from; /* -1: it has ended */
	int to;
	bool copies; /* the kernel can't move the bytes itself */
	bool owns_to;
	bool full; /* waits for the reader */
	bool enlarged;
	size_t most; /* bytes read at once when they are copied */
	size_t start;
	size_t end;
	uint8_t bytes[COPY_MAX + 1]; /* read but not written yet */
};

/* A request that has not been answered yet. */
struct sent_request {
	uint32_t signal; /* 0: a terminal size */
	int64_t at;      /* ms of CLOCK_MONOTONIC */
};

struct streams {
	int socket; /* to the supervisor; -1: not attached, or closed */
	uint32_t id;
	bool can_be_left; /* with the keys Ctrl-P Ctrl-Q */
	bool leaving;     /* they were typed: earlier input is still to be written */
	bool left;
	bool has_prefix; /* Ctrl-P was typed, and is withheld until the next key */
	bool ended;      /* the process has exited: `status` is known, as in wait(2) */
	int status;
	int64_t ended_at;                       /* ms of CLOCK_MONOTONIC */
	size_t unanswered;                      /* requests that have not been answered yet */
	struct sent_request sent[REQUESTS_MAX]; /* the oldest first */
	bool resizing;                          /* a terminal size is among them */
	bool size_pending;                      /* another is to be sent after the answer */
	uint8_t size[4];                        /* rows and columns to be sent */
	uint32_t undelivered; /* the first interrupting signal that was not delivered; or 0 */
	char refusal[160];    /* why the supervisor refused to attach; or "" */
	int failed;           /* errno of a write to the user's own streams */
	const char *failed_name;
	size_t answer_length;
	uint8_t answer[512];
	struct way in;
	struct way out;
	struct way err;
};

/* Initializes them, not attached. */
void streams_init(struct streams *streams);
/* Attaches to the process that the ticket is for. Returns 0, or -1 with errno; also if the waiter
 * gave up. */
int streams_attach(struct streams *streams, const char *path, const uint8_t *ticket,
		   size_t ticket_length, bool wants_input, const struct waiter *waiter);
/* Fills STREAMS_POLLED entries for poll(2). */
void streams_poll(const struct streams *streams, struct pollfd *polled);
/* Moves what can be moved without blocking. */
void streams_move(struct streams *streams, const struct pollfd *polled);
/* Whether all output has been written. */
bool streams_ended(const struct streams *streams);
/* Forwards a signal, to the process or to its process group. False: the process can't be signalled,
 * or an interrupting signal has been unanswered for so long that the next one is for the client. */
bool streams_signal(struct streams *streams, uint32_t number, bool group);
/* Reads what the supervisor has sent, without blocking. */
void streams_receive(struct streams *streams);
/* Whether users and service managers end a command with this signal. */
bool streams_interrupts(uint32_t number);
void streams_resize(struct streams *streams, const uint8_t *rows_and_columns);
void streams_close(struct streams *streams);

#endif
