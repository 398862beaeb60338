/* Controls a container under gVisor through runsc commands. */
#ifndef NUCLEUS_GVISOR_CONTROL_H
#define NUCLEUS_GVISOR_CONTROL_H

#include "shim/shim.h"

/* Sends a signal to the workload (exec_id 0) or to the process of an exec. */
int gvisor_signal(struct shim *shim, uint32_t exec_id, int number);
/* Connects to a TCP port inside through a relay that is run there. Returns a socket whose first
 * byte is the result, 0 or an errno; or a negative errno. */
int gvisor_dial(struct shim *shim, uint16_t port);

#endif
