/* A request for an exec: decoding, defaults and permission. */
#ifndef NUCLEUS_EXEC_REQUEST_H
#define NUCLEUS_EXEC_REQUEST_H

#include "base/wire.h"
#include "launch/plan.h"
#include "shim/enter.h"

/* False: it is malformed. Its arena is to be freed in any case. */
bool exec_request_read(const struct plan *plan, struct reader *reader,
		       struct exec_request *request);
/* Why it may not run as the user that it names, or NULL. Root's files and rights are what its plan
 * was made for; with gVisor runsc sets the user. */
const char *exec_request_refusal(const struct plan *plan, const struct exec_request *request);

#endif
