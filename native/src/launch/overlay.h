/* A host tree with a layer in memory on top that takes all writes
 * (Documentation/filesystems/overlayfs.rst). */
#ifndef NUCLEUS_OVERLAY_H
#define NUCLEUS_OVERLAY_H

#include "launch/plan.h"

/* Where a plan mounts the tmpfs that holds the layers (ROOTFS_TMPFS), until it detaches it
 * (ROOTFS_DETACH). */
#define OVERLAY_LAYERS "/.layers"

/* Makes an overlay for `target`, a directory right below the root under construction; `lower_fd` is
 * a detached mount. A descriptor of a mount, or a negative errno. */
int overlay_new(const struct plan *plan, int root_fd, const char *target, int lower_fd);

#endif
