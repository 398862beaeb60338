/* A request for an exec: decoding, defaults and permission. */
#ifndef NUCLEUS_EXEC_REQUEST_H
#define NUCLEUS_EXEC_REQUEST_H

#include "base/wire.h"
#include "launch/plan.h"
#include "shim/enter.h"

/* Decodes a request. False: it is malformed. The caller frees its arena in any case. */
bool exec_request_read(const struct plan *plan, struct reader *reader,
		       struct exec_request *request);
/* Why the request may not run as the user that it names, or NULL. Only the plan of a root workload
 * accounts for root's files and privileges; with gVisor, runsc sets the user. */
const char *exec_request_refusal(const struct plan *plan, const struct exec_request *request);

#endif
