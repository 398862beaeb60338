/* What is asked of a shim, frame by frame. */
#ifndef NUCLEUS_REQUEST_H
#define NUCLEUS_REQUEST_H

#include "shim/connection.h"
#include "shim/shim.h"

/* Serves the request at the front of what was received, if it is there whole. True: there may be
 * another. */
bool request_serve(struct shim *shim, struct connection *connection);

#endif
