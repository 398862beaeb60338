/* Tickets: the manager announces a client to the shim, which accepts the client that presents the
 * ticket: once, within a few seconds, for one process. */
#ifndef NUCLEUS_TICKET_H
#define NUCLEUS_TICKET_H

#include "shim/shim.h"

#define TICKET_BYTES 16U

/* An unused ticket. */
struct ticket {
	struct ticket *next;
	uint8_t bytes[TICKET_BYTES];
	uint32_t id;     /* 0: the workload; else an exec */
	bool owner;      /* the process ends with its client, or if none attaches in time */
	int64_t expires; /* CLOCK_MONOTONIC ms */
};

/* Registers a ticket. 0, or a negative errno. */
int ticket_add(struct shim *shim, uint32_t id, const uint8_t bytes[TICKET_BYTES], bool owner);
/* Removes and returns the ticket, which the caller frees. NULL: it is used or unknown. Tickets are
 * compared in constant time. */
struct ticket *ticket_take(struct shim *shim, const uint8_t *bytes);
/* Removes and returns an expired ticket, which the caller frees; or NULL. */
struct ticket *ticket_expired(struct shim *shim, int64_t now);
/* To be called when the command runs: starts the time within which its client must attach. */
void tickets_launched(struct shim *shim);
/* Expires the unused ticket of an exec's owner: the exec is ended in the next turn of the loop. */
void tickets_withdraw(struct shim *shim, uint32_t id);
/* When the next ticket expires: ns of CLOCK_MONOTONIC, or 0. */
uint64_t tickets_due_at(const struct shim *shim);

#endif
