/* A container on a kernel of its own: an OCI runtime of the host (gVisor's runsc) is PID 1 of
 * the namespaces, and the workload is a process of the kernel that it runs.
 *
 * The runtime works with root's rights, and with paths: it looks for mount points in the
 * container's tree, makes missing ones, and follows links there, while a container that shares a
 * volume can change them. So its root directory is one of ours, made for it, in which there is
 * nothing of the host's but the runtime's own program. What leads out of the container leads there.
 */
#ifndef NUCLEUS_GVISOR_H
#define NUCLEUS_GVISOR_H

#include "base/failure.h"
#include "launch/plan.h"
#include "shim/enter.h"
#include "shim/shim.h"

/* The runtime has been executed: waits for its word that the workload runs, as the shim's
 * status. */
void gvisor_await(struct shim *shim, void (*started)(struct shim *shim));
/* The runtime has ended while it was waited for: either its word is here, or the launch has
 * failed, with what it wrote last. */
void gvisor_conclude(struct shim *shim);
/* Wraps a command so that it runs under the workload's filter, which the runtime does not apply to
 * an exec: see CONFINED_ROLE in relay.h. NULL without memory. */
char **gvisor_confined(void **arena, char *const argv[]);
/* What copies files inside; see copy.h. NULL: no memory. */
char **gvisor_copying(void **arena, char *const argv[]);
/* Makes the request, number `id`, one for the runtime. Command and environment are the runtime's to
 * read from `process_fd`, which the caller closes: a command line is for all the host to see. 0, or
 * a negative errno. */
int gvisor_exec(const struct shim *shim, struct exec_request *request, uint32_t id);
/* Removes what the runtime wrote about a process beside the workload. */
void gvisor_forget(const struct shim *shim, uint32_t exec_id);
/* The number that an exec's process has inside, as the runtime wrote it, or a negative errno. */
long gvisor_pid(const struct shim *shim, uint32_t exec_id);
/* How many words a vector has before its NULL. */
size_t gvisor_count(char *const vector[]);

#endif
