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

/* A group of containers that reach each other. */
void ruleset_group(struct nft *nft, const char *name, bool adds);

/* What a policy's rule applies to; all of it must match. */
struct policy_rule {
	bool allows;
	uint8_t length;      /* of an address: 4 or 16 */
	uint8_t protocol;    /* 0: any */
	uint16_t first_port; /* 0: any */
	uint16_t last_port;
	const uint8_t *ranges; /* pairs of first and last address, ascending and apart */
	size_t range_count;
};

struct policy {
	const char *name;
	const char **groups; /* whose members it may reach */
	size_t group_count;
	struct policy_rule *rules; /* the first that matches decides */
	size_t rule_count;
	size_t before_peers; /* rules that come before that for other containers */
	bool open;           /* what no rule matches is allowed */
};

/* Adds a policy, or replaces its rules. `replaces`: it exists; `old_sets`: number of its sets. */
void ruleset_policy(struct nft *nft, const struct policy *policy, bool replaces, size_t old_sets);
void ruleset_policy_remove(struct nft *nft, const char *name, size_t sets);

/* A service of the host that a container may use. */
struct host_service {
	uint8_t address[16];
	uint8_t length;
	uint8_t protocol;
	uint16_t port;
};

struct attachment {
	const char *interface; /* the end on the host */
	const char *policy;
	const char **groups; /* that it is a member of */
	size_t group_count;
	struct ip_address addresses[2];
	struct ip_address gateways[2];
	struct host_service *services;
	size_t service_count;
};

void ruleset_attach(struct nft *nft, const struct attachment *attachment, bool adds);

struct backend {
	uint8_t address[16];
	uint16_t port;
};

/* A published port. `length` 4 or 16; an address of zeros: every address of the host. */
struct published_port {
	uint8_t address[16];
	uint8_t length;
	uint8_t protocol;
	uint16_t port;
};

/* Replaces the backends of a published port; none: connections are refused. `reserved`: whether the
 * port is published before and after. */
void ruleset_publish(struct ruleset *ruleset, struct nft *nft, const struct published_port *port,
		     bool was_published, bool is_published, const struct backend *before,
		     size_t before_count, const struct backend *after, size_t after_count);

#endif
