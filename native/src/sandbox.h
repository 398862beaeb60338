/* A container on a kernel of its own: an OCI runtime of the host (gVisor's runsc) is PID 1 of
 * the namespaces, and the workload is a process of the kernel that it runs. */
#ifndef NUCLEUS_SANDBOX_H
#define NUCLEUS_SANDBOX_H

#include "enter.h"
#include "failure.h"
#include "plan.h"
#include "shim.h"

/* By the child, its root built: makes what the runtime needs of the host, which is a /proc of
 * these namespaces and a bundle in memory over the container's directory. */
int sandbox_furnish(const struct plan *plan, struct failure *failure);
/* The runtime has been executed: waits for its word that the workload runs, as the shim's
 * status. */
void sandbox_await(struct shim *shim, void (*started)(struct shim *shim));
/* The runtime has ended while it was waited for: either its word is here, or the launch has
 * failed, with what it wrote last. */
void sandbox_conclude(struct shim *shim);
/* Makes the request, number `id`, one for the runtime. 0, or a negative errno. */
int sandbox_exec(const struct shim *shim, struct exec_request *request, uint32_t id);
/* Sends a signal to the workload (exec_id 0), or to a process beside it. */
int sandbox_signal(struct shim *shim, uint32_t exec_id, int number);
/* Removes what the runtime wrote about a process beside the workload. */
void sandbox_forget(const struct shim *shim, uint32_t exec_id);
/* Connects to a TCP port inside by a relay that is run there. A socket that tells in its first
 * byte how that went: 0, or an errno; or a negative errno. */
int sandbox_dial(struct shim *shim, uint16_t port);

#endif
