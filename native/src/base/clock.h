/* Clocks, as whole numbers (clock_gettime(2)). */
#ifndef NUCLEUS_CLOCK_H
#define NUCLEUS_CLOCK_H

#include <stdint.h>

#define NS_PER_S 1000000000
#define NS_PER_MS 1000000

/* Milliseconds and nanoseconds of CLOCK_MONOTONIC. */
int64_t monotonic_ms(void);
uint64_t monotonic_ns(void);
/* Nanoseconds of CLOCK_REALTIME. */
uint64_t realtime_ns(void);

#endif
