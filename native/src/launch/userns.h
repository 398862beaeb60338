/* The user namespace of a container: its maps, written from outside, and the descriptors that its
 * first process needs from outside, where it has no rights (user_namespaces(7)). */
#ifndef NUCLEUS_USERNS_H
#define NUCLEUS_USERNS_H

#include "base/failure.h"
#include "launch/plan.h"

/* Called by the launcher: writes the maps of the process, and releases it through `go_fd`, a
 * socket, with the host directories that it can't open itself. 0, or a negative errno. */
int userns_grant(const struct plan *plan, int pid, int go_fd, struct failure *failure);
/* Called by the process: waits for that. `sources` gets a descriptor for each step of the root that
 * has a source, -ENOENT for the others; *sources is NULL if the process opens them itself. */
int userns_await(const struct plan *plan, int go_fd, int **sources, struct failure *failure);
/* Called by the process: becomes the owner of the root that it will build. */
int userns_enter(const struct plan *plan, struct failure *failure);

#endif
