#include "base/clock.h"

#include <time.h>

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	(void)clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

uint64_t monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t monotonic_ms(void)
{
	return (int64_t)(monotonic_ns() / NS_PER_MS);
}

uint64_t realtime_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}
