/* PID 1 of a container: reaps orphans, forwards signals, and exits with the workload. It dies with
 * its shim (PR_SET_PDEATHSIG), which nothing inside can change. */
#ifndef NUCLEUS_INIT_H
#define NUCLEUS_INIT_H

#include <stdint.h>
#include <sys/types.h>

/* SIGRTMAX: queued with the number of a signal for the workload that can't be sent to the init
 * itself (SIGSTOP, SIGCHLD). */
#define INIT_RELAY 64
/* With this bit, the queued number is a signal of a terminal (SIGHUP, SIGINT, SIGQUIT) for the
 * workload's whole process group. */
#define INIT_RELAY_GROUP 0x100

/* The records that the init sends to the shim, each written whole to a stream socket. */
enum init_record_type {
	INIT_ENDED = 1,     /* value: the workload's wait status; the last record */
	INIT_REAPED = 2,    /* value: number of orphans */
	INIT_FORWARDED = 3, /* value: signal number */
	INIT_LISTENER = 4,  /* with the listener of the workload's filter (SCM_RIGHTS) */
	INIT_HANDLES = 5,   /* with the descriptors needed to enter; see handles.h */
};

struct init_record {
	int32_t type;
	int32_t value;
};

/* Runs until the workload has ended, reports that and exits. All signals have been blocked since
 * before this process was created, so none is lost. The process is already undumpable.
 * `listener`: the listener of the workload's filter, to send to the shim; or 0. */
_Noreturn void init_run(pid_t workload, int report_fd, int listener);

#endif
