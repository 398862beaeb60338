/* Queries of the kernel's state: interfaces, denied packets, forward chains of other tables. */
#ifndef NUCLEUS_QUERIES_H
#define NUCLEUS_QUERIES_H

#include "base/wire.h"
#include "net/changes.h"

/* Fails with -EEXIST if the manager's table belongs to another manager. */
int network_check_owner(struct network *network, struct failure *failure);

/* The manager's interfaces, name and alias; then the chains of other tables that drop forwarded
 * packets by default; then the handle of the manager's table, 0 if there is none. */
int network_list(struct network *network, struct writer *writer);

/* Packets that policies denied, by destination, for an hour after the last one: interface, address,
 * protocol, port, packets. */
int network_denied(struct network *network, struct writer *writer);

#endif
