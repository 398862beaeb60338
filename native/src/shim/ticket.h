/* Tickets: the manager announces a client to the shim, which lets in whoever presents the ticket:
 * once, for a few seconds, for one process. */
#ifndef NUCLEUS_TICKET_H
#define NUCLEUS_TICKET_H

#include "shim/shim.h"

#define TICKET_BYTES 16U

/* A ticket that has not been used. */
struct ticket {
	struct ticket *next;
	uint8_t bytes[TICKET_BYTES];
	uint32_t id; /* 0: the workload; else an exec */
	bool owner;  /* what it is attached to ends with its client, or when none comes in time */
	int64_t expires; /* CLOCK_MONOTONIC ms */
};

/* Announces a ticket. 0, or a negative errno. */
int ticket_add(struct shim *shim, uint32_t id, const uint8_t bytes[TICKET_BYTES], bool owner);
/* Takes the ticket out, which the caller frees. NULL: it is used or not known, which takes the same
 * time. */
struct ticket *ticket_take(struct shim *shim, const uint8_t *bytes);
/* Takes out one that nobody came for in time, which the caller frees; or NULL. */
struct ticket *ticket_expired(struct shim *shim, int64_t now);
/* To be called when the command runs: the time in which its client may attach begins. */
void tickets_launched(struct shim *shim);
/* Withdraws the unused ticket of the owner of an exec: the exec ends with the next turn. */
void tickets_withdraw(struct shim *shim, uint32_t id);
/* When the first of them expires, in ns of CLOCK_MONOTONIC, or 0. */
uint64_t tickets_due_at(const struct shim *shim);

#endif
