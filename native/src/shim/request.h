/* Serves the requests to a shim, frame by frame. */
#ifndef NUCLEUS_REQUEST_H
#define NUCLEUS_REQUEST_H

#include "shim/connection.h"
#include "shim/shim.h"

/* Serves the first request received, if it is complete. True: there may be another. */
bool request_serve(struct shim *shim, struct connection *connection);

#endif
