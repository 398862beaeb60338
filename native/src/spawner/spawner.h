/* The spawner: the only privileged process that listens. It checks who asks and forks a
 * shim per request; the plan is read in the shim, so that bad bytes hurt only their sender. */
#ifndef NUCLEUS_SPAWNER_H
#define NUCLEUS_SPAWNER_H

#include <stdbool.h>
#include <sys/types.h>

struct spawner_options {
	const char *socket; /* path to listen on */
	uid_t client;       /* may ask, besides root and the spawner's own user */
	bool follow_stdin;  /* leave when standard input ends: its manager is gone */
};

/* Serves until told to end. The process's exit code. */
int spawner_run(const struct spawner_options *options);

#endif
