/* The life of a shim: one thread, one ppoll(2) loop, from the request to the end of what it
 * started. */
#ifndef NUCLEUS_SUPERVISE_H
#define NUCLEUS_SUPERVISE_H

#include <sys/types.h>

/* Populates the pages that a launch uses, instead of a fault for each. */
void shim_populate_pages(void);
/* Supervises the container that the plan on `connection_fd` asks for. Runs in a process of
 * its own; does not return before the container is gone. `netns_fd`: a network namespace
 * made ahead, or -1. */
_Noreturn void shim_run(int connection_fd, uid_t owner, gid_t group, int netns_fd);

#endif
