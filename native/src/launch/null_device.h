/* /dev/null for a container's standard input. A workload that is its owner, as root without a user
 * namespace is, could change mode and owner of the host's by any descriptor of it (fchmod(2)); not
 * by one that was opened on a read-only mount. */
#ifndef NUCLEUS_NULL_DEVICE_H
#define NUCLEUS_NULL_DEVICE_H

/* Makes such a mount, for this process and its children. */
void null_device_prepare(void);
/* A descriptor to read from, or a negative errno. Without root no workload owns the device, and it
 * is the host's as it is. */
int null_device_open(void);

#endif
