#include "shim/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "shim/shim.h"

/* Initial capacity in sources; most containers have fewer. */
#define FIRST_CAPACITY 64
/* The longest wait for a timeout, in ms. */
#define WAIT_MAX 60000

struct poll_set {
	struct source **sources;
	struct pollfd *polled;
	size_t count;
	size_t capacity;
};

void loop_join(struct shim *shim, struct loop_member *member)
{
	struct loop_member **link = &shim->members;

	if (member->joined)
		return;
	member->joined = true;
	while (*link != NULL)
		link = &(*link)->next;
	*link = member;
}

static bool make_room(struct poll_set *set)
{
	size_t capacity = set->capacity == 0 ? FIRST_CAPACITY : set->capacity * 2;
	struct source **sources;
	struct pollfd *polled;

	if (set->count < set->capacity)
		return true;
	sources = realloc(set->sources, capacity * sizeof(struct source *));
	if (sources != NULL)
		set->sources = sources;
	polled = realloc(set->polled, capacity * sizeof(*polled));
	if (polled != NULL)
		set->polled = polled;
	if (sources == NULL || polled == NULL)
		return false;
	set->capacity = capacity;
	return true;
}

void poll_set_add(struct poll_set *set, struct source *source)
{
	/* Skips sources without a descriptor: poll(2) fails for more entries than RLIMIT_NOFILE.
	 * Out of memory, only the first sources are polled: they matter most. */
	if (source->events == 0 || source->fd < 0 || !make_room(set))
		return;
	set->sources[set->count] = source;
	set->polled[set->count++] = (struct pollfd){ .fd = source->fd, .events = source->events };
}

uint64_t due_at_ms(int64_t ms)
{
	return ms <= 0 || ms == INT64_MAX ? 0 : (uint64_t)ms * NS_PER_MS;
}

uint64_t earlier_of(uint64_t one, uint64_t other)
{
	if (one == 0 || other == 0)
		return one + other;
	return one < other ? one : other;
}

/* ns until the next timeout is due, or -1: there is none. */
static int64_t wait_time(const struct shim *shim)
{
	const int64_t longest = (int64_t)WAIT_MAX * NS_PER_MS;
	uint64_t due = 0;
	int64_t left;

	for (const struct loop_member *at = shim->members; at != NULL; at = at->next) {
		if (at->due_at != NULL)
			due = earlier_of(due, at->due_at(shim));
	}
	if (due == 0)
		return -1;
	left = (int64_t)(due - monotonic_ns());
	return left < 0 ? 0 : left > longest ? longest : left;
}

static void wait_for_sources(struct poll_set *set, int64_t wait)
{
	const struct timespec time = { .tv_sec = (time_t)(wait / NS_PER_S),
				       .tv_nsec = (long)(wait % NS_PER_S) };

	/* EINVAL: RLIMIT_NOFILE was lowered below the number of sources. The first matter most. */
	while (ppoll(set->polled, set->count, wait < 0 ? NULL : &time, NULL) < 0) {
		if (errno != EINVAL || set->count <= 1) {
			set->count = 0;
			return;
		}
		set->count /= 2;
	}
}

void loop_turn(struct shim *shim)
{
	static struct poll_set set;
	int64_t now;

	set.count = 0;
	for (struct loop_member *at = shim->members; at != NULL; at = at->next) {
		if (at->watch != NULL)
			at->watch(shim, &set);
	}
	wait_for_sources(&set, wait_time(shim));
	/* A callback may have closed another source, whose descriptor may have been reused. */
	for (size_t i = 0; i < set.count; i++) {
		if (set.polled[i].revents != 0 && set.sources[i]->fd == set.polled[i].fd)
			set.sources[i]->ready(shim, set.sources[i], set.polled[i].revents);
	}
	now = monotonic_ms();
	for (struct loop_member *at = shim->members; at != NULL; at = at->next) {
		if (at->expire != NULL)
			at->expire(shim, now);
	}
	for (struct loop_member *at = shim->members; at != NULL; at = at->next) {
		if (at->sweep != NULL)
			at->sweep(shim);
	}
}
