/* The user namespace of a container: its maps, written from outside, and what its first
 * process needs from outside because it has no rights there (user_namespaces(7)). */
#ifndef NUCLEUS_USERNS_H
#define NUCLEUS_USERNS_H

#include "base/failure.h"
#include "launch/plan.h"

/* By who launches: writes the maps of the process, and lets it go on by way of `go_fd`, a
 * socket, with the host's directories that it can't open itself. 0, or a negative errno. */
int userns_grant(const struct plan *plan, int pid, int go_fd, struct failure *failure);
/* By the process: waits for that. `sources` gets a descriptor for each step of the root that
 * binds something, -1 for the others; *sources is NULL when it opens them itself. */
int userns_await(const struct plan *plan, int go_fd, int **sources, struct failure *failure);
/* By the process: becomes who owns the root that it will build. */
int userns_enter(const struct plan *plan, struct failure *failure);

#endif
