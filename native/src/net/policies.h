/* Reachability between containers: groups, policies as chains of rules, and the interfaces they
 * apply to. */
#ifndef NUCLEUS_POLICIES_H
#define NUCLEUS_POLICIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/wire.h"
#include "net/links.h"
#include "net/nftables.h"

/* A group of containers that reach each other. */
void group_change(struct nft *nft, const char *name, bool adds);

/* The conditions of a policy's rule; all must match. */
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

/* Whether connections of a protocol may be limited to ports: TCP and UDP. */
bool has_ports(uint8_t protocol);
/* Reads one rule of a request; marks the reader as faulty if the rule is invalid. */
void policy_read_rule(struct reader *reader, struct policy_rule *rule);
/* Whether the rules, of which the first that matches decides, allow a connection. `open`: what no
 * rule matches is allowed. */
bool policy_allows(const struct policy_rule *rules, size_t count, bool open,
		   const struct ip_address *address, uint8_t protocol, uint16_t port);

/* Adds a policy, or replaces its rules. `replaces`: it exists; `old_sets`: number of its sets. */
void policy_put(struct nft *nft, const struct policy *policy, bool replaces, size_t old_sets);
void policy_remove(struct nft *nft, const char *name, size_t sets);

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

void attachment_change(struct nft *nft, const struct attachment *attachment, bool adds);

#endif
