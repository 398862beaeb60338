/* New file systems, such as a tmpfs, by the mount API of fsopen(2). */
#ifndef NUCLEUS_FILESYSTEM_H
#define NUCLEUS_FILESYSTEM_H

#include <stdint.h>

/* Makes one that is attached nowhere yet. `options`: as mount(8) has them, but "noswap" is left out
 * where the kernel doesn't know it; `attributes`: MOUNT_ATTR_ of fsmount(2). A descriptor, or a
 * negative errno. */
int filesystem_new(const char *type, const char *options, uint64_t attributes);
/* Makes one and attaches it to a path below a directory, or to an absolute one. 0, or a negative
 * errno. */
int filesystem_mount(const char *type, const char *options, uint64_t attributes, int directory_fd,
		     const char *target);

#endif
