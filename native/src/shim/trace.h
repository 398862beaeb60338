/* Records what a traced container does: each kind of call, path and address once, with counts at
 * the end, as lines of JSON in the file trace.json in the container's directory. */
#ifndef NUCLEUS_TRACE_H
#define NUCLEUS_TRACE_H

#include <linux/seccomp.h>

#include "shim/shim.h"

/* Records a call reported by the listener, before it continues. */
void trace_record(struct shim *shim, const struct seccomp_notif *notice);
/* Writes how often each call was made, and closes the file. */
void trace_finish(struct shim *shim);

#endif
