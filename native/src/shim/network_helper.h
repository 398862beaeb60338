/* Changes the host's network for a manager that has no right to: a process with CAP_NET_ADMIN alone
 * and a filter of its system calls, which accepts typed requests. It ends with the connection. */
#ifndef NUCLEUS_NETWORK_HELPER_H
#define NUCLEUS_NETWORK_HELPER_H

#include <stddef.h>
#include <stdint.h>

/* Serves a connection whose first request, REQUEST_NETWORK, is in `bytes`: the manager's table,
 * interface prefix and instance. Never returns. */
_Noreturn void network_helper_serve(int connection_fd, const uint8_t *bytes, size_t length);

#endif
