/* What the kernel knows of a manager's networks: interfaces, denied connections, tracked
 * connections, and other tables that drop what is forwarded. */
#ifndef NUCLEUS_QUERIES_H
#define NUCLEUS_QUERIES_H

#include "base/wire.h"
#include "net/changes.h"

/* Fails with -EEXIST if the manager's table belongs to another manager. */
int network_check_owner(struct network *network, struct failure *failure);

/* The manager's interfaces, name and alias; then the chains of other tables that drop forwarded
 * packets by default. */
int network_list(struct network *network, struct writer *writer);

/* Denied connections since the table was made: interface, address, protocol, port, packets. */
int network_denied(struct network *network, struct writer *writer);

/* Deletes the tracked connections from and to an address. */
int network_forget_address(struct network *network, const struct ip_address *address);

#endif
