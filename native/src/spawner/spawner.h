/* The spawner: the only privileged process that listens. It checks its peers and forks a shim per
 * request; the plan is parsed in the shim, so that malformed bytes harm only their sender. */
#ifndef NUCLEUS_SPAWNER_H
#define NUCLEUS_SPAWNER_H

#include <stdbool.h>
#include <sys/types.h>

struct spawner_options {
	const char *socket; /* path to listen on */
	uid_t client;       /* may launch containers, besides root and the spawner's own user */
	bool follow_stdin;  /* exit when standard input ends: its manager has exited */
};

/* Serves until SIGTERM, SIGINT or the end of standard input. Returns the exit code. */
int spawner_run(const struct spawner_options *options);

#endif
