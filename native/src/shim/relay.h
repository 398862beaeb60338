/* What this program does inside a container that has a kernel of its own, where the shim can't
 * connect to a port by itself; and for its runtime. */
#ifndef NUCLEUS_RELAY_H
#define NUCLEUS_RELAY_H

/* Where a plan puts this program for that (ROOTFS_SELF). */
#define RELAY_PATH "/.nucleus/relay"
/* nucleus-spawner --relay PORT: connects to the port of 127.0.0.1, tells in one byte on standard
 * output how that went (0, or an errno), and then carries bytes both ways. */
#define RELAY_ROLE "--relay"
/* nucleus-spawner --mark FILE: makes an empty file. */
#define MARK_ROLE "--mark"

/* nucleus-spawner --confined COMMAND...: becomes the command, under the filter at FILTER_PATH,
 * which gVisor applies to the workload alone and not to what is run beside it. */
#define CONFINED_ROLE "--confined"
#define FILTER_PATH "/.nucleus/seccomp"

/* The exit code, when argv asks for one of these or for COPY_ROLE (copy.h); else -1. */
int relay_run(int argc, char *const argv[]);

#endif
