/* /dev/null for a container's standard input. A workload that is its owner, as root without a user
 * namespace is, could change mode and owner of the host's by any descriptor of it (fchmod(2)); not
 * by one that was opened on a read-only mount. */
#ifndef NUCLEUS_NULL_DEVICE_H
#define NUCLEUS_NULL_DEVICE_H

/* Makes such a mount of this process's own, and of its children's. Without CAP_SYS_ADMIN nothing is
 * made, and no workload owns the device. */
void null_device_prepare(void);
/* A descriptor to read from, or a negative errno. */
int null_device_open(void);

#endif
