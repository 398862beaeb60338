/* Creates file systems, such as a tmpfs, with the mount API of fsopen(2). */
#ifndef NUCLEUS_FILESYSTEM_H
#define NUCLEUS_FILESYSTEM_H

#include <stdint.h>

/* Creates a file system that is not mounted yet. `options`: as in mount(8), but "noswap" is skipped
 * if the kernel doesn't support it; `attributes`: MOUNT_ATTR_ of fsmount(2). Returns a descriptor,
 * or a negative errno. */
int filesystem_new(const char *type, const char *options, uint64_t attributes);
/* Creates a file system and mounts it on a path below a directory, or on an absolute path. Returns
 * 0, or a negative errno. */
int filesystem_mount(const char *type, const char *options, uint64_t attributes, int directory_fd,
		     const char *target);

#endif
