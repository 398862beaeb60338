/* What a traced container did: each kind of call, path and address once, with counts at the
 * end, as lines of JSON in the file trace.json of the container's directory. */
#ifndef NUCLEUS_TRACE_H
#define NUCLEUS_TRACE_H

#include <linux/seccomp.h>

#include "shim/shim.h"

/* Records a call that the listener has told of, before it goes on. */
void trace_record(struct shim *shim, const struct seccomp_notif *notice);
/* Writes how often each call was made. */
void trace_finish(struct shim *shim);

#endif
