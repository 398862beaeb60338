/* A container with its own kernel: an OCI runtime of the host (gVisor's runsc) is PID 1 of the
 * namespaces, and the workload is a process of the kernel that it runs.
 *
 * The runtime has root's privileges and works with paths: it looks up mount points in the
 * container's tree, creates missing ones and follows links there, while another container that
 * shares a volume can change them. So the runtime gets its own root directory, which contains
 * nothing of the host but the runtime's program. A link that leads out of the container leads
 * there. */
#ifndef NUCLEUS_GVISOR_H
#define NUCLEUS_GVISOR_H

#include "base/failure.h"
#include "launch/plan.h"
#include "shim/enter.h"
#include "shim/shim.h"

/* Called once the runtime has been executed: waits for its notice that the workload runs, as the
 * shim's status source. */
void gvisor_await(struct shim *shim, void (*started)(struct shim *shim));
/* Called when the runtime has exited during that wait: either its notice has arrived, or the launch
 * has failed with the last line that the runtime wrote. */
void gvisor_conclude(struct shim *shim);
/* Wraps a command so that it runs under the workload's filter, which the runtime does not apply to
 * an exec: see CONFINED_ROLE in relay.h. NULL: no memory. */
char **gvisor_confined(void **arena, char *const argv[]);
/* The command that copies files inside; see copy.h. NULL: no memory. */
char **gvisor_copying(void **arena, char *const argv[]);
/* Turns the request of exec `id` into a command of the runtime, which reads the command and
 * environment to run from `process_fd`: a command line is visible to the whole host. The caller
 * closes `process_fd`. 0, or a negative errno. */
int gvisor_exec(const struct shim *shim, struct exec_request *request, uint32_t id);
/* Removes the pid file that the runtime wrote for an exec. */
void gvisor_forget(const struct shim *shim, uint32_t exec_id);
/* The pid of an exec's process inside, from the runtime's pid file, or a negative errno. */
long gvisor_pid(const struct shim *shim, uint32_t exec_id);
/* The number of strings in a NULL-terminated vector. */
size_t gvisor_count(char *const vector[]);

#endif
