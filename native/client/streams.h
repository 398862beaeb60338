/* The streams of a process in a container: pipes that its supervisor made, and a connection to it.
 * The manager is not between: bytes are moved by the kernel where it can (splice(2)). */
#ifndef NUCLEUS_CLIENT_STREAMS_H
#define NUCLEUS_CLIENT_STREAMS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connect.h"

#define STREAMS_POLLED 7
#define COPY_MAX 65536U
/* Requests that may be unanswered. */
#define REQUESTS_MAX 64

/* One way of bytes, from one descriptor to another. */
struct way {
	int from; /* -1: it has ended */
	int to;
	bool copies; /* the kernel can't move them itself */
	bool owns_to;
	bool full; /* waits for the reader */
	bool enlarged;
	size_t most; /* what is read at once when it is copied */
	size_t start;
	size_t end;
	uint8_t bytes[COPY_MAX + 1]; /* read, and not written yet */
};

/* A request that was sent, and not answered yet. */
struct sent_request {
	uint32_t signal; /* 0: a size of the terminal */
	int64_t at;      /* ms of CLOCK_MONOTONIC */
};

struct streams {
	int socket; /* to the supervisor; -1: not attached, or over */
	uint32_t id;
	bool can_be_left; /* by the keys Ctrl-P Ctrl-Q */
	bool leaving;     /* they were typed: what was typed before is still to be written */
	bool left;
	bool has_prefix; /* Ctrl-P was typed, and is withheld until the next key */
	bool ended;      /* the process has: `status` is known, as wait(2) has it */
	int status;
	int64_t ended_at;                       /* ms of CLOCK_MONOTONIC */
	size_t unanswered;                      /* requests sent and not answered yet */
	struct sent_request sent[REQUESTS_MAX]; /* the oldest first */
	bool resizing;                          /* a size of the terminal is among them */
	bool size_pending;                      /* another is to be sent once that is answered */
	uint8_t size[4];                        /* rows and columns to be sent */
	uint32_t undelivered; /* the first signal that interrupts and was not delivered; or 0 */
	char refusal[160];    /* why the supervisor refused to attach; or "" */
	int failed;           /* errno of a write to the user's own streams */
	const char *failed_name;
	size_t answer_length;
	uint8_t answer[512];
	struct way in;
	struct way out;
	struct way err;
};

/* Not attached. */
void streams_init(struct streams *streams);
/* Attaches to what the ticket is for. 0, or -1 with errno; also when the waiter gave up. */
int streams_attach(struct streams *streams, const char *path, const uint8_t *ticket,
		   size_t ticket_length, bool wants_input, const struct waiter *waiter);
/* What to wait for: fills STREAMS_POLLED entries. */
void streams_poll(const struct streams *streams, struct pollfd *polled);
/* Moves what can be moved without waiting. */
void streams_move(struct streams *streams, const struct pollfd *polled);
/* Whether all output has been written. */
bool streams_ended(const struct streams *streams);
/* False: the process can't be signalled, or a signal that interrupts has not been answered for so
 * long that the next one is for the client. */
bool streams_signal(struct streams *streams, uint32_t number);
/* Reads what the supervisor has sent, without waiting. */
void streams_receive(struct streams *streams);
/* Whether the signal is one that users and service managers end a command with. */
bool streams_interrupts(uint32_t number);
void streams_resize(struct streams *streams, const uint8_t *rows_and_columns);
void streams_close(struct streams *streams);

#endif
