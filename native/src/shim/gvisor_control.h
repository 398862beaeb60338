/* What is done to a container under gVisor, by commands of runsc. */
#ifndef NUCLEUS_GVISOR_CONTROL_H
#define NUCLEUS_GVISOR_CONTROL_H

#include "shim/shim.h"

/* Sends a signal to the workload (exec_id 0), or to a process beside it. */
int gvisor_signal(struct shim *shim, uint32_t exec_id, int number);
/* Connects to a TCP port inside by a relay that is run there. A socket that tells in its first
 * byte how that went: 0, or an errno; or a negative errno. */
int gvisor_dial(struct shim *shim, uint16_t port);

#endif
