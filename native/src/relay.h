/* What this program does inside a container that has a kernel of its own, where the shim can't
 * connect to a port by itself; and for its runtime. */
#ifndef NUCLEUS_RELAY_H
#define NUCLEUS_RELAY_H

/* Where a plan puts this program for that (ROOTFS_SELF). */
#define RELAY_PATH "/run/nucleus/relay"
/* nucleus-spawner --relay PORT: connects to the port of 127.0.0.1, tells in one byte on standard
 * output how that went (0, or an errno), and then carries bytes both ways. */
#define RELAY_ROLE "--relay"
/* nucleus-spawner --mark FILE: makes an empty file. */
#define MARK_ROLE "--mark"

/* The exit code, when argv asks for one of the two; else -1. */
int relay_run(int argc, char *const argv[]);

#endif
