/* The deletion of conntrack entries. */
#ifndef NUCLEUS_CONNTRACK_H
#define NUCLEUS_CONNTRACK_H

#include <stdbool.h>
#include <stddef.h>

#include "net/links.h"
#include "net/policies.h"

/* Connections of containers to keep: those that the rules allow. */
struct conntrack_policy {
	const struct policy_rule *rules;
	size_t count;
	bool open; /* what no rule matches is allowed */
};

/* Deletes the entries from and to any of the addresses, which it sorts. With a policy: only those
 * of connections that the addresses originated and that the policy does not allow. `fd`: a
 * netfilter socket. Returns 0, or a negative errno. */
int conntrack_delete(int fd, struct ip_address *addresses, size_t count,
		     const struct conntrack_policy *policy);

#endif
