/* Clients that are attached to the streams of the workload, or of an exec: each has the other ends
 * of pipes that were made here, so what the container writes goes to it by the kernel and not
 * through its log, and waits while it doesn't read. No process of the container ever has one of
 * these ends, and none of a client's own descriptors comes here.
 *
 * Who may attach says the manager: it announces a ticket, which is good for one client, for a few
 * seconds and for one operation. */
#ifndef NUCLEUS_ATTACH_H
#define NUCLEUS_ATTACH_H

#include "base/wire.h"
#include "shim/connection.h"
#include "shim/shim.h"

#define TICKET_BYTES 16U
/* Most that is logged of a container that was run for a client, in bytes a second. */
#define ATTACHED_LOG_RATE (4U << 20)

/* A ticket that has not been used. */
struct grant {
	struct grant *next;
	uint8_t ticket[TICKET_BYTES];
	uint32_t id; /* 0: the workload; else an exec */
	bool owner;  /* what it is attached to ends with its client, or when none comes in time */
	int64_t expires; /* CLOCK_MONOTONIC ms */
};

/* Announces a ticket. 0, or a negative errno. */
int attach_grant(struct shim *shim, uint32_t id, const uint8_t ticket[TICKET_BYTES], bool owner);
/* Takes a client that presents a ticket: bytes ticket. */
void attach_serve(struct shim *shim, struct connection *connection, struct reader *reader);
/* Its client has left: what it owned ends. */
void attach_left(struct shim *shim, struct connection *connection);
/* Reports the end of the workload (id 0) or of an exec to its clients; `status` as wait(2) has it.
 * They read the rest of its output first. */
void attach_ended(struct shim *shim, uint32_t id, int status);
/* The terminal that an attached client types at, to be polled. */
struct source *attach_terminal(struct shim *shim, struct connection *connection);
/* To be called when the command runs: the time in which its client may attach begins. */
void attach_launched(struct shim *shim);
/* Withdraws the unused ticket of the owner of an exec: the exec ends with the next turn. */
void attach_withdraw(struct shim *shim, uint32_t id);
/* Ends what was announced to a client that did not come. */
void attach_expire(struct shim *shim, int64_t now);
/* Earliest deadline in ms of CLOCK_MONOTONIC, or 0. */
int64_t attach_deadline(const struct shim *shim);
#endif
