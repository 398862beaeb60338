/* The root directory of gVisor's runsc, which is PID 1 of a container's namespaces. It is made for
 * the runtime and contains nothing of the host but the runtime's program and devices; see
 * shim/gvisor.h for the reason. */
#ifndef NUCLEUS_GVISOR_ROOT_H
#define NUCLEUS_GVISOR_ROOT_H

#include "base/failure.h"
#include "launch/plan.h"

/* Paths in the runtime's root, which is itself read-only; the same as in
 * dev.nucleus.isolation.OciBundle. The container's root, which the runtime serves to its kernel: */
#define GVISOR_ROOTFS "/rootfs"
/* The runtime's bundle and state, on a noexec tmpfs: */
#define GVISOR_BUNDLE "/bundle"
/* A copy of this program, which the runtime executes as its hook: */
#define GVISOR_HOOK "/hook"

/* Called by the child before its root is built: makes the runtime's root. A descriptor of it, or a
 * negative errno. */
int gvisor_make_root(const struct plan *plan, struct failure *failure);
/* Called by the child after its root is built: adds that root and the runtime's files to the
 * runtime's root, makes it this namespace's root and detaches the host's. */
int gvisor_enter_root(const struct plan *plan, int runtime_fd, int root_fd,
		      struct failure *failure);

#endif
