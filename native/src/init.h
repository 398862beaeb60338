/* PID 1 of a container that asked for one: reaps, forwards signals, and leaves with
 * the workload. */
#ifndef NUCLEUS_INIT_H
#define NUCLEUS_INIT_H

#include <stdint.h>
#include <sys/types.h>

/* What it tells the shim of: one record of its pipe each, written whole. */
enum init_news {
	INIT_ENDED = 1,     /* value: the workload's wait status; the last record */
	INIT_REAPED = 2,    /* value: how many orphans */
	INIT_FORWARDED = 3, /* value: a signal's number */
};

struct init_record {
	int32_t news;
	int32_t value;
};

/* Runs until the workload ended, tells of that and exits. All signals have been blocked since
 * before this process was made, so none is lost. */
_Noreturn void init_run(pid_t workload, int report_fd);

#endif
