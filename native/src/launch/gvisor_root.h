/* The root directory of gVisor's runsc, which is PID 1 of a container's
 * namespaces: one made for it, in which there is nothing of the host's but the runtime's own
 * program. Why is in shim/gvisor.h. */
#ifndef NUCLEUS_GVISOR_ROOT_H
#define NUCLEUS_GVISOR_ROOT_H

#include "base/failure.h"
#include "launch/plan.h"

/* What is in the runtime's root, which can't be written to itself; as
 * dev.nucleus.isolation.OciBundle has it. The new root, which the runtime serves to its kernel: */
#define GVISOR_ROOTFS "/rootfs"
/* Its bundle and its state, in memory, where nothing is executed: */
#define GVISOR_BUNDLE "/bundle"
/* A copy of this program, which its hook is: */
#define GVISOR_HOOK "/hook"

/* By the child, before its root is built: makes the runtime's root. A descriptor of it, or a
 * negative errno. */
int gvisor_make_root(const struct plan *plan, struct failure *failure);
/* By the child, its root built: adds that and what the runtime needs to the runtime's root, and
 * makes it this namespace's root; the host's is detached. */
int gvisor_enter_root(const struct plan *plan, int runtime_fd, int root_fd,
		      struct failure *failure);

#endif
