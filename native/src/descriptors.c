#include "descriptors.h"

#include "syscalls.h"

/* The lowest of those at or above `from`; -1: there is none. */
static int next_kept(const int *kept, size_t count, int from)
{
	int lowest = -1;

	for (size_t i = 0; i < count; i++) {
		if (kept[i] >= from && (lowest < 0 || kept[i] < lowest))
			lowest = kept[i];
	}
	return lowest;
}

int descriptors_keep(const int *kept, size_t count)
{
	int from = STDERR_FILENO + 1;

	for (int next = next_kept(kept, count, from); next >= 0;
	     next = next_kept(kept, count, from)) {
		if (next > from &&
		    sys_close_range((unsigned int)from, (unsigned int)next - 1, 0) < 0)
			return -errno;
		from = next + 1;
	}
	return sys_close_range((unsigned int)from, ~0U, 0) < 0 ? -errno : 0;
}
