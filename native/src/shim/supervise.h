/* The lifecycle of a shim: one thread, one ppoll(2) loop, from the launch request to the cleanup
 * after the container's exit. */
#ifndef NUCLEUS_SUPERVISE_H
#define NUCLEUS_SUPERVISE_H

#include <sys/types.h>

/* Populates the pages that a launch uses, to avoid a fault for each. */
void shim_populate_pages(void);
/* Launches and supervises the container whose plan is read from `connection_fd`. Runs in a separate
 * process, which exits once the container is gone. `netns_fd`: a network namespace created in
 * advance, or -1. */
_Noreturn void shim_run(int connection_fd, uid_t owner, gid_t group, int netns_fd);

#endif
