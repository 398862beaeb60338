#ifndef NUCLEUS_SIGNALS_H
#define NUCLEUS_SIGNALS_H

#include <signal.h>
#include <string.h>

/* Every signal. Includes the three that musl's sigfillset(3) omits; the last of them is the first
 * real-time signal of programs with another C library. */
static inline void signals_fill(sigset_t *set)
{
	memset(set, 0xff, sizeof(*set));
}

#endif
