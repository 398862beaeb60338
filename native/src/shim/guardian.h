/* Ends a container whose PID 1 is not ours when its shim is gone. An init of ours ends with its
 * shim by PR_SET_PDEATHSIG; a workload that is PID 1 itself can clear that, and so could the
 * runsc whose kernel was broken into. A process beside the shim watches both. */
#ifndef NUCLEUS_GUARDIAN_H
#define NUCLEUS_GUARDIAN_H

#include "base/failure.h"
#include "shim/shim.h"

/* Starts it, where the plan needs one. 0, or a negative errno. */
int guardian_start(struct shim *shim, struct failure *failure);
/* Waits for it to leave: PID 1 has been reaped. */
void guardian_dismiss(struct shim *shim);

#endif
