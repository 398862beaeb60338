/* A tree of the host with a layer in memory on top, which takes what is written
 * (Documentation/filesystems/overlayfs.rst). */
#ifndef NUCLEUS_OVERLAY_H
#define NUCLEUS_OVERLAY_H

#include "launch/plan.h"

/* Where a plan mounts the memory that the layers are in (ROOTFS_TMPFS), until it detaches it
 * (ROOTFS_DETACH). */
#define OVERLAY_LAYERS "/.layers"

/* An overlay for the target of the root under construction, a directory right below the root;
 * `lower_fd` is a mount that is nowhere yet. A descriptor of a mount, or a negative errno. */
int overlay_new(const struct plan *plan, int root_fd, const char *target, int lower_fd);

#endif
