/* PID 1 of a container: reaps, forwards signals, and leaves with the workload. It ends with its
 * shim (PR_SET_PDEATHSIG), which nothing inside can change. */
#ifndef NUCLEUS_INIT_H
#define NUCLEUS_INIT_H

#include <stdint.h>
#include <sys/types.h>

/* SIGRTMAX: queued with the number of a signal for the workload that an init itself can't forward.
 */
#define INIT_RELAY 64

/* What it reports to the shim: one record each, over a stream socket, written whole. */
enum init_news {
	INIT_ENDED = 1,     /* value: the workload's wait status; the last record */
	INIT_REAPED = 2,    /* value: how many orphans */
	INIT_FORWARDED = 3, /* value: a signal's number */
	INIT_LISTENER = 4,  /* with the listener of the workload's filter (SCM_RIGHTS) */
	INIT_HANDLES = 5,   /* with what is needed to enter; see handles.h */
};

struct init_record {
	int32_t news;
	int32_t value;
};

/* Runs until the workload has ended, reports that and exits. All signals have been blocked since
 * before this process was made, so none is lost. The process is already undumpable.
 * `listener`: of the workload's filter, handed on to the shim; or 0. */
_Noreturn void init_run(pid_t workload, int report_fd, int listener);

#endif
