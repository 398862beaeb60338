/* The ordered launch of one container, from clone3(2) to exec. */
#ifndef NUCLEUS_LAUNCH_H
#define NUCLEUS_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/failure.h"
#include "launch/cgroup.h"
#include "launch/plan.h"

/* The child's ends of the pipes between shim and container. */
struct stdio {
	int in;
	int out;
	int err;
};

/* When each step was done, in CLOCK_MONOTONIC nanoseconds; 0: not done. */
struct timeline {
	uint64_t done[STEP_COUNT];
};

/* Where the child waits for a byte before it continues. */
enum halt {
	HALT_NONE = 0,
	HALT_HOOKS, /* its namespaces exist, nothing is mounted in them */
	HALT_HELD,  /* everything is done except executing the command */
};

/* Written to the status pipe at each halt and just before exec, which closes the pipe. */
struct launch_report {
	struct timeline timeline;
	struct failure failure;
	uint64_t start_ticks; /* of PID 1; see process.h */
	int listener;         /* the workload's descriptor of its filter's listener, or 0 */
	bool failed;
	uint8_t halt; /* enum halt */
};

/* Clones PID 1 of the container; the child carries out the plan and executes the
 * workload. On success sets the pid and a pidfd. `status_fd` gets launch_reports and is
 * closed by a successful exec; `init_fd` gets the records of init.h if an init is PID 1. The
 * child writes to both. */
struct launch {
	struct plan *plan; /* device and inode of host paths are recorded in it */
	const struct cgroup *cgroup;
	struct stdio stdio;
	int terminal_fd; /* the child opens a terminal instead, and sends its master there; or -1 */
	int status_fd;
	int init_fd;
	bool hands_over; /* the child sends its handles, because the launcher is not root */
	int netns_fd;    /* a network namespace created ahead, or -1: create one */
	int shim_pidfd;  /* of the process that launches */
	int *owned;      /* sources opened ahead, by step; or NULL */
	int go_fd;       /* the child waits for a byte from it; -1: it no longer waits */
	pid_t pid;
	int pidfd;
	struct timeline timeline;
	uint64_t clocks_begin; /* host uptime in s at which the child's clocks start; 0: it
				  shares the host's */
};

/* Makes a network namespace with its loopback interface up, for a later launch. A descriptor of it,
 * or a negative errno. The caller must be single-threaded. */
int launch_prepare_network(void);
/* Prefaults the pages that a launch will write to; see spare.c. */
void launch_populate_pages(void);
int launch_start(struct launch *launch, struct failure *failure);

#endif
