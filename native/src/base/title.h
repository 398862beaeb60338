/* How a process shows in /proc/PID/comm and /proc/PID/cmdline. */
#ifndef NUCLEUS_TITLE_H
#define NUCLEUS_TITLE_H

/* Once, before anything is forked: where the kernel reads the command line from. */
void title_open(int argc, char *const argv[]);
/* Shows `title` alone. What the spawner was called with, paths of the host, is nothing that a
 * container should see of its PID 1. */
void title_set(const char *title);

#endif
