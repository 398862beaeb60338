/* The rules of one manager's networks: a table of the family inet, whose sets and maps say which
 * interface has which address, what each container may reach, and where published ports lead.
 * Attaching a container, or a replica that becomes ready, changes elements only. Explained chain by
 * chain in docs/network.md. */
#ifndef NUCLEUS_RULESET_H
#define NUCLEUS_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/links.h"
#include "net/nftables.h"

/* Port on which the manager's resolver listens, on each gateway's address: below 1024, so that
 * no ordinary user can take it. */
#define RESOLVER_PORT 1013
/* Source ports of masqueraded connections: above the default ephemeral range, and never published
 * on an address beyond the loopback. Otherwise a container could choose the port of another
 * service, and get the connections of a client that it has sent packets to before (CVE-2021-3773).
 */
#define MASQUERADE_FIRST_PORT 61000
#define MASQUERADE_LAST_PORT 65535
/* The most replicas behind one published port. */
#define BACKENDS_MAX 1000U
#define BALANCERS 4 /* IPv4 and IPv6, for one address and for all */

struct ruleset {
	char table[64];
	char prefix[16]; /* of the interfaces of this manager's containers */
	char instance[128];
	/* Chains that exist, by number of backends. */
	uint8_t balancers[BALANCERS][BACKENDS_MAX + 1];
};

/* Replaces the table by one without networks and containers. */
void ruleset_reset(struct ruleset *ruleset, struct nft *nft);
void ruleset_delete(struct ruleset *ruleset, struct nft *nft);

/* The manager's resolver answers at the gateways' addresses. */
void ruleset_network(struct nft *nft, const struct ip_address gateways[2], bool adds);

#endif
