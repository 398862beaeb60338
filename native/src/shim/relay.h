/* Roles of this program inside a container with its own kernel, where the shim can't connect to a
 * port itself, and for the container's runtime. */
#ifndef NUCLEUS_RELAY_H
#define NUCLEUS_RELAY_H

/* Where a plan puts the copy of this program (ROOTFS_SELF). */
#define RELAY_PATH "/.nucleus/relay"
/* nucleus-spawner --relay PORT: connects to the port on 127.0.0.1 or ::1, writes the result as one
 * byte to standard output (0, or an errno), and then relays bytes both ways. */
#define RELAY_ROLE "--relay"
/* nucleus-spawner --mark FILE: creates an empty file. */
#define MARK_ROLE "--mark"

/* nucleus-spawner --confined COMMAND...: executes the command under the seccomp filter at
 * FILTER_PATH, which gVisor applies only to the workload and not to execs. */
#define CONFINED_ROLE "--confined"
#define FILTER_PATH "/.nucleus/seccomp"

/* Runs the role that argv requests, one of these or COPY_ROLE (copy.h). Returns the exit code; -1:
 * argv requests no role. */
int relay_run(int argc, char *const argv[]);

#endif
