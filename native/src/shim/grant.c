#include "shim/grant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/wire.h"

/* ms in which a client must come with its ticket. */
#define GRANT_TIME 10000
/* Tickets that may be waiting at once. */
#define GRANTS_MAX 64

int grant_add(struct shim *shim, uint32_t id, const uint8_t ticket[TICKET_BYTES], bool owner)
{
	size_t count = 0;
	struct grant *grant;

	for (struct grant *at = shim->grants; at != NULL; at = at->next)
		count++;
	if (count >= GRANTS_MAX)
		return -EAGAIN;
	grant = calloc(1, sizeof(*grant));
	if (grant == NULL)
		return -ENOMEM;
	/* The client of a launch gets its ticket when the command runs: see grants_launched(). */
	*grant = (struct grant){ .next = shim->grants,
				 .id = id,
				 .owner = owner,
				 .expires = id == 0 && owner && !shim->started
						    ? INT64_MAX
						    : monotonic_ms() + GRANT_TIME };
	memcpy(grant->ticket, ticket, TICKET_BYTES);
	shim->grants = grant;
	return 0;
}

struct grant *grant_take(struct shim *shim, const uint8_t *ticket)
{
	for (struct grant **link = &shim->grants; *link != NULL; link = &(*link)->next) {
		struct grant *grant = *link;
		uint8_t different = 0;

		for (size_t i = 0; i < TICKET_BYTES; i++)
			different |= (uint8_t)(grant->ticket[i] ^ ticket[i]);
		if (different == 0) {
			*link = grant->next;
			return grant;
		}
	}
	return NULL;
}

void grants_launched(struct shim *shim)
{
	for (struct grant *at = shim->grants; at != NULL; at = at->next) {
		if (at->expires == INT64_MAX)
			at->expires = monotonic_ms() + GRANT_TIME;
	}
}

void grants_withdraw(struct shim *shim, uint32_t id)
{
	for (struct grant *at = shim->grants; at != NULL; at = at->next) {
		if (at->id == id && at->owner)
			at->expires = 0;
	}
}

struct grant *grant_expired(struct shim *shim, int64_t now)
{
	for (struct grant **link = &shim->grants; *link != NULL; link = &(*link)->next) {
		struct grant *grant = *link;

		if (now >= grant->expires) {
			*link = grant->next;
			return grant;
		}
	}
	return NULL;
}

uint64_t grants_due_at(const struct shim *shim)
{
	uint64_t due = 0;

	for (const struct grant *at = shim->grants; at != NULL; at = at->next)
		/* A withdrawn one is due at once; 0 would mean never. */
		due = earlier_of(due, due_at_ms(at->expires > 0 ? at->expires : 1));
	return due;
}
