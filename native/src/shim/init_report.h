/* What PID 1 of a container tells its shim: how the workload ended, which signals it was given,
 * how many orphans it reaped. The last two are told to who listens once a second at most, however
 * much of it there is. */
#ifndef NUCLEUS_INIT_REPORT_H
#define NUCLEUS_INIT_REPORT_H

#include "shim/connection.h"
#include "shim/shim.h"

/* Listens at the end of its pipe, which it takes over. */
void init_report_open(struct shim *shim, int fd);
/* Tells a new subscriber what nobody has heard yet. */
void init_report_send(struct shim *shim, struct connection *connection);
/* Takes in what is left, tells it, and closes the pipe. */
void init_report_finish(struct shim *shim);

#endif
