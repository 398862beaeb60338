/* The sources on the host that a root is filled from: trees to bind, volumes, secrets. */
#ifndef NUCLEUS_MOUNT_SOURCES_H
#define NUCLEUS_MOUNT_SOURCES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/failure.h"
#include "launch/plan.h"

/* Marks a source that was not opened ahead. */
#define NOT_OPENED INT_MIN

/* Clones a host tree with its submounts and sets the attributes on each. A descriptor, or a
 * negative errno. */
int mount_source_clone(const char *source, uint64_t attributes);
/* The same for a step's source; -ESTALE if it is not the file that was checked. */
int mount_source_clone_checked(const struct rootfs_step *step);
/* Opens a step's source, a regular file whose path does not end in a link. A descriptor, or a
 * negative errno. */
int mount_source_secret(const struct rootfs_step *step);

/* Opens what a step binds or copies, with its owners mapped to a user namespace if the step
 * requests it. A descriptor of a detached mount or of a file, or a negative errno. */
int mount_source_open(const struct plan *plan, const struct rootfs_step *step,
		      int user_namespace_fd);

/* Allocates an array with a source per step, none of them opened. NULL: out of memory. */
int *mount_sources_new(const struct plan *plan);
/* Whether any step maps an owner of its own to the workload (ROOTFS_OWNED). */
bool mount_sources_need_owners(const struct plan *plan);
/* Opens the sources of those steps, for a launch without a user namespace. The caller closes them,
 * also after a failure. */
int mount_sources_open_owned(const struct plan *plan, int **sources, struct failure *failure);
void mount_sources_close(const struct plan *plan, int *sources);

#endif
