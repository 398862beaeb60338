/* Reports from a container's PID 1 to its shim: how the workload ended, which signals were
 * forwarded to it, how many orphans were reaped. The last two are sent to subscribers at most once
 * a second, however many there are. */
#ifndef NUCLEUS_INIT_REPORT_H
#define NUCLEUS_INIT_REPORT_H

#include "shim/connection.h"
#include "shim/shim.h"

/* Reads reports from the socket `fd`, and takes ownership of it. */
void init_report_open(struct shim *shim, int fd);
/* Sends a new subscriber what has not been reported to anyone yet. */
void init_report_send(struct shim *shim, struct connection *connection);
/* Reads the remaining reports, sends them to subscribers, and closes the socket. */
void init_report_finish(struct shim *shim);

#endif
