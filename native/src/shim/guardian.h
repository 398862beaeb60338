/* Ends a container whose PID 1 is not our init when its shim dies. Our init dies with its shim by
 * PR_SET_PDEATHSIG; a workload that is PID 1 itself can clear that, and so could a compromised
 * runsc. So a separate process watches both the shim and PID 1. */
#ifndef NUCLEUS_GUARDIAN_H
#define NUCLEUS_GUARDIAN_H

#include "base/failure.h"
#include "shim/shim.h"

/* Starts the guardian, if the plan needs one. 0, or a negative errno. */
int guardian_start(struct shim *shim, struct failure *failure);
/* Waits for the guardian to exit. PID 1 must have exited. */
void guardian_dismiss(struct shim *shim);

#endif
