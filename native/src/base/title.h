/* How a process appears in /proc/PID/comm and /proc/PID/cmdline. */
#ifndef NUCLEUS_TITLE_H
#define NUCLEUS_TITLE_H

/* Finds where the kernel reads the command line from. To be called once, before any fork. */
void title_open(int argc, char *const argv[]);
/* Shows only `title`: a container should not see the spawner's arguments, which contain host paths,
 * in its PID 1. */
void title_set(const char *title);

#endif
