/* /dev/null for a container's standard input. A workload that owns the device, as root without a
 * user namespace does, could change mode and owner of the host's device through any descriptor of
 * it (fchmod(2)), but not through one that was opened on a read-only mount. */
#ifndef NUCLEUS_NULL_DEVICE_H
#define NUCLEUS_NULL_DEVICE_H

/* Opens the device on such a mount, for this process and its children. */
void null_device_prepare(void);
/* A descriptor to read from, or a negative errno. If this process is not root, no workload owns the
 * device, and the host's is opened directly. */
int null_device_open(void);

#endif
