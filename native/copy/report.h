/* Reports a copy on standard error: each file that is left out or fails, and the progress. Names
 * are untrusted and made printable. */
#ifndef NUCLEUS_COPY_REPORT_H
#define NUCLEUS_COPY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress {
	PROGRESS_NONE,
	PROGRESS_TERMINAL, /* one line that is updated */
	PROGRESS_NAMES,    /* a line for each file */
};

struct report {
	enum progress progress;
	uint64_t files; /* copied, including directories */
	uint64_t bytes;
	uint64_t left_out; /* by rule */
	uint64_t failed;
	int64_t shown_at; /* CLOCK_MONOTONIC ms */
	bool line_open;   /* a progress line is on the terminal */
};

/* Reports a file that is left out by rule, such as a link or a device. `format`: as in printf(3),
 * says what it is. */
__attribute__((format(printf, 3, 4))) void report_left_out(struct report *report, const char *name,
							   const char *format, ...);
/* Reports a file that can't be copied. `error`: a positive errno; `what`: the operation that
 * failed. */
void report_failed(struct report *report, const char *name, const char *what, int error);
/* Reports an error that ends the copy. */
__attribute__((format(printf, 2, 3))) void report_fatal(struct report *report, const char *format,
							...);
void report_file(struct report *report, const char *name);
void report_bytes(struct report *report, size_t length);
/* Reports the end: how many files were not named one by one and, with progress, how much has been
 * copied. */
void report_end(struct report *report);

#endif
