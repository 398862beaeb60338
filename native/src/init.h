/* PID 1 of a container that asked for one: reaps, forwards signals, and leaves with
 * the workload. */
#ifndef NUCLEUS_INIT_H
#define NUCLEUS_INIT_H

#include <sys/types.h>

/* Runs until the workload ended, writes its wait status (an int) to exit_fd, exits. All
 * signals have been blocked since before this process was made, so none is lost. */
_Noreturn void init_run(pid_t workload, int exit_fd);

#endif
