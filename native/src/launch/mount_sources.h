/* What of the host a root is filled with: trees to be bound, volumes, secrets. */
#ifndef NUCLEUS_MOUNT_SOURCES_H
#define NUCLEUS_MOUNT_SOURCES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/failure.h"
#include "launch/plan.h"

/* In the place of a source that was not opened ahead. */
#define NOT_OPENED INT_MIN

/* A copy of a host tree with its submounts, each with the attributes. A descriptor, or a
 * negative errno. */
int mount_source_clone(const char *source, uint64_t attributes);
/* The same of what a step names; -ESTALE when that is not what it was when it was checked. */
int mount_source_clone_checked(const struct rootfs_step *step);
/* A regular file, by a path that ends in no link. A descriptor, or a negative errno. */
int mount_source_secret(const struct rootfs_step *step);

/* Opens what a step binds or copies, with the owners that it has in a user namespace where the
 * step asks for that. A descriptor, of a mount that is nowhere yet or of a file; or a negative
 * errno. */
int mount_source_open(const struct plan *plan, const struct rootfs_step *step, int user_namespace_fd);

/* Room for the source of each step, none of them opened. NULL: no memory. */
int *mount_sources_new(const struct plan *plan);
/* Whether a step's files belong to the workload by a mapping of their own. */
bool mount_sources_need_owners(const struct plan *plan);
/* Opens what those steps bind, for a launch without a user namespace. To be closed in any
 * case. */
int mount_sources_open_owned(const struct plan *plan, int **sources, struct failure *failure);
void mount_sources_close(const struct plan *plan, int *sources);

#endif
