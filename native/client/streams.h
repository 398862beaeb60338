/* The streams of a process in a container: pipes that its supervisor made, and a connection to it.
 * The manager is not between: bytes are moved by the kernel where it can (splice(2)). */
#ifndef NUCLEUS_CLIENT_STREAMS_H
#define NUCLEUS_CLIENT_STREAMS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAMS_POLLED 7

/* One way of bytes, from one descriptor to another. */
struct way {
	int from; /* -1: it has ended */
	int to;
	bool copies; /* the kernel can't move them itself */
	bool owns_to;
	bool full; /* waits for the reader */
	size_t start;
	size_t end;
	uint8_t bytes[4096]; /* read, and not written yet */
};

struct streams {
	int socket; /* to the supervisor; -1: not attached, or over */
	uint32_t id;
	bool can_be_left; /* by the keys Ctrl-P Ctrl-Q */
	bool left;
	int failed; /* errno of a write to the user's own streams */
	const char *failed_name;
	size_t matched;
	struct way in;
	struct way out;
	struct way err;
};

/* Not attached. */
void streams_init(struct streams *streams);
/* Attaches to what the ticket is for. 0, or -1 with errno. */
int streams_attach(struct streams *streams, const char *path, const uint8_t *ticket,
		   size_t ticket_length, bool wants_input);
/* What to wait for: fills STREAMS_POLLED entries. */
void streams_poll(const struct streams *streams, struct pollfd *polled);
/* Moves what can be moved without waiting. */
void streams_move(struct streams *streams, const struct pollfd *polled);
/* Whether all output has been written. */
bool streams_ended(const struct streams *streams);
/* False: there is nobody to tell. */
bool streams_signal(const struct streams *streams, uint32_t number);
void streams_resize(const struct streams *streams, const uint8_t *rows_and_columns);
void streams_close(struct streams *streams);

#endif
