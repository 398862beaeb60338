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
/* A user namespace in which a user and a group of the disk are the workload's of the plan, and
 * no others are known, for a mount. A descriptor, or a negative errno. */
int userns_of_owner(const struct plan *plan, uint32_t uid, uint32_t gid);
/* What root inside is on disk where a volume is mapped: no user of any host, least of all root, so
 * that what it leaves in a volume has nobody's rights. The last number of the range that
 * workloads get users of their own from, of which no workload gets this one
 * (dev.nucleus.isolation.IdentityLayer). */
#define ROOT_ON_DISK 2013265919U
/* A user namespace in which the container's users are on disk what they are inside, but root is
 * ROOT_ON_DISK, for a mount. A descriptor, or a negative errno. */
int userns_of_volumes(const struct plan *plan);
/* What a user or group of the container is outside. */
uint32_t userns_outside(const struct id_map *maps, size_t count, uint32_t inside);
/* Makes the workload's user, as the host knows it, the owner of a pipe's end: it is opened
 * again through /dev/stdout (proc(5)). */
void userns_give(const struct plan *plan, int fd);

#endif
