/* Changes of a manager's networks, as typed requests: what the manager may ask for, and nothing
 * else. The numbers and fields are those of dev.nucleus.network.NetworkChange. */
#ifndef NUCLEUS_CHANGES_H
#define NUCLEUS_CHANGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/wire.h"
#include "net/ruleset.h"

enum network_change {
	CHANGE_RESET = 1,   /* a table without networks and containers */
	CHANGE_DELETE = 2,  /* no table any more */
	CHANGE_NETWORK = 3, /* adds a network, or removes it */
	CHANGE_GROUP = 4,
	CHANGE_POLICY = 5,
	CHANGE_POLICY_REMOVED = 6,
	CHANGE_ATTACHMENT = 7,
	CHANGE_PORT = 8,
	CHANGE_LINK_REMOVED = 9,    /* an interface that was left behind */
	CHANGE_FORWARDING = 10,     /* the host forwards packets between its interfaces */
	CHANGE_SUBNET_REMOVED = 11, /* routes of a network that was left behind */
};

/* Sockets and rules that changes are made with. */
struct network {
	int route_fd;
	int netfilter_fd;
	struct ruleset ruleset;
};

/* Reads the manager's table, interface prefix and instance. */
int network_open(struct network *network, struct reader *reader, struct failure *failure);

/* Carries out all changes of a request; those of rules take effect together, or not at all.
 * Returns 0, or a negative errno. */
int network_apply(struct network *network, struct reader *reader, struct failure *failure);

#endif
