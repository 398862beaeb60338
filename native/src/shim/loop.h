/* The loop of a shim: one ppoll(2) for all that it waits for. Whoever waits for descriptors or for
 * a time joins it; it knows none of them. */
#ifndef NUCLEUS_LOOP_H
#define NUCLEUS_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shim;
struct source;
struct poll_set;

/* Part of the shim that takes part in each turn of the loop. Callbacks that it has no use for are
 * NULL. */
struct loop_member {
	/* Adds the descriptors that it waits for (poll_set_add). */
	void (*watch)(struct shim *shim, struct poll_set *set);
	/* When it has something to do without them: ns of CLOCK_MONOTONIC, or 0. */
	uint64_t (*due_at)(const struct shim *shim);
	/* Does what is due, after the descriptors that are ready; `now` in ms. */
	void (*expire)(struct shim *shim, int64_t now);
	/* Frees what has ended: at the end of a turn, since nothing may be freed while descriptors
	 * are visited. */
	void (*sweep)(struct shim *shim);
	struct loop_member *next;
	bool joined;
};

/* From the next turn on; a second time changes nothing. Members take part in the order in which
 * they join. */
void loop_join(struct shim *shim, struct loop_member *member);
/* A source without a descriptor, or that waits for no event now, is left out. */
void poll_set_add(struct poll_set *set, struct source *source);
/* Waits until a descriptor is ready or something is due, and has it done. */
void loop_turn(struct shim *shim);
/* ms as members state when they are due: 0 and INT64_MAX are never. */
uint64_t due_at_ms(int64_t ms);
/* The earlier of two times at which something is due, of which 0 is never. */
uint64_t earlier_of(uint64_t one, uint64_t other);

#endif
