#include "shim/ticket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/wire.h"
#include "shim/loop.h"

/* ms for a client to present its ticket. */
#define TICKET_TIME 10000
/* Maximum number of unused tickets. */
#define TICKETS_MAX 64

int ticket_add(struct shim *shim, uint32_t id, const uint8_t bytes[TICKET_BYTES], bool owner)
{
	size_t count = 0;
	struct ticket *ticket;

	for (struct ticket *at = shim->tickets; at != NULL; at = at->next)
		count++;
	if (count >= TICKETS_MAX)
		return -EAGAIN;
	ticket = calloc(1, sizeof(*ticket));
	if (ticket == NULL)
		return -ENOMEM;
	/* The time limit of a launch's client starts with the command: see tickets_launched(). */
	*ticket = (struct ticket){ .next = shim->tickets,
				   .id = id,
				   .owner = owner,
				   .expires = id == 0 && owner && !shim->started
						      ? INT64_MAX
						      : monotonic_ms() + TICKET_TIME };
	memcpy(ticket->bytes, bytes, TICKET_BYTES);
	shim->tickets = ticket;
	return 0;
}

struct ticket *ticket_take(struct shim *shim, const uint8_t *bytes)
{
	for (struct ticket **link = &shim->tickets; *link != NULL; link = &(*link)->next) {
		struct ticket *ticket = *link;
		uint8_t different = 0;

		for (size_t i = 0; i < TICKET_BYTES; i++)
			different |= (uint8_t)(ticket->bytes[i] ^ bytes[i]);
		if (different == 0) {
			*link = ticket->next;
			return ticket;
		}
	}
	return NULL;
}

void tickets_launched(struct shim *shim)
{
	for (struct ticket *at = shim->tickets; at != NULL; at = at->next) {
		if (at->expires == INT64_MAX)
			at->expires = monotonic_ms() + TICKET_TIME;
	}
}

void tickets_withdraw(struct shim *shim, uint32_t id)
{
	for (struct ticket *at = shim->tickets; at != NULL; at = at->next) {
		if (at->id == id && at->owner)
			at->expires = 0;
	}
}

struct ticket *ticket_expired(struct shim *shim, int64_t now)
{
	for (struct ticket **link = &shim->tickets; *link != NULL; link = &(*link)->next) {
		struct ticket *ticket = *link;

		if (now >= ticket->expires) {
			*link = ticket->next;
			return ticket;
		}
	}
	return NULL;
}

uint64_t tickets_due_at(const struct shim *shim)
{
	uint64_t due = 0;

	for (const struct ticket *at = shim->tickets; at != NULL; at = at->next)
		/* A withdrawn ticket is due at once; 0 would mean never. */
		due = earlier_of(due, due_at_ms(at->expires > 0 ? at->expires : 1));
	return due;
}
