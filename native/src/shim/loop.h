/* The event loop of a shim: one ppoll(2) for all descriptors and timeouts. Parts of the shim that
 * wait for either join it; the loop itself knows none of them. */
#ifndef NUCLEUS_LOOP_H
#define NUCLEUS_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shim;
struct source;
struct poll_set;

/* A part of the shim that is called in each turn of the loop. Unused callbacks are NULL. */
struct loop_member {
	/* Adds the descriptors to wait for (poll_set_add). */
	void (*watch)(struct shim *shim, struct poll_set *set);
	/* When the next timeout is due: ns of CLOCK_MONOTONIC, or 0. */
	uint64_t (*due_at)(const struct shim *shim);
	/* Handles what is due, after the ready descriptors; `now` in ms. */
	void (*expire)(struct shim *shim, int64_t now);
	/* Frees what has ended, at the end of a turn: never while descriptors are visited. */
	void (*sweep)(struct shim *shim);
	struct loop_member *next;
	bool joined;
};

/* Adds a member from the next turn on; joining twice has no effect. Members are called in the order
 * in which they joined. */
void loop_join(struct shim *shim, struct loop_member *member);
/* Adds a source, unless it has no descriptor or waits for no event now. */
void poll_set_add(struct poll_set *set, struct source *source);
/* Waits until a descriptor is ready or a timeout is due, and handles it. */
void loop_turn(struct shim *shim);
/* Converts ms to a due time; 0 and INT64_MAX mean never. */
uint64_t due_at_ms(int64_t ms);
/* The earlier of two due times, of which 0 means never. */
uint64_t earlier_of(uint64_t one, uint64_t other);

#endif
