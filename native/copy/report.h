/* What a copy says on standard error while it goes on: each file that it leaves out or fails on,
 * and how far it is. Names are made printable: those who chose them may not be trusted. */
#ifndef NUCLEUS_COPY_REPORT_H
#define NUCLEUS_COPY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress {
	PROGRESS_NONE,
	PROGRESS_TERMINAL, /* one line that changes */
	PROGRESS_NAMES,    /* a line for each file */
};

struct report {
	enum progress progress;
	uint64_t files; /* copied, directories among them */
	uint64_t bytes;
	uint64_t left_out; /* by rule */
	uint64_t failed;
	int64_t told_at; /* CLOCK_MONOTONIC ms */
	bool line_open;  /* a line of progress is on the terminal */
};

/* Left out by rule, as a link or a device is. `format` as printf(3), says what it is. */
__attribute__((format(printf, 3, 4))) void report_left_out(struct report *report, const char *name,
							   const char *format, ...);
/* Can't be copied. `error`: a positive errno; `what` was attempted. */
void report_failed(struct report *report, const char *name, const char *what, int error);
/* What ends the copy. */
__attribute__((format(printf, 2, 3))) void report_fatal(struct report *report, const char *format,
							...);
void report_file(struct report *report, const char *name);
void report_bytes(struct report *report, size_t length);
/* The end: what was not named one by one and, with progress, how much has been copied. */
void report_end(struct report *report);

#endif
