#include "net/changes.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/descriptors.h"
#include "net/decode.h"
#include "net/policies.h"
#include "net/published_ports.h"

#define NAME_LENGTH 220  /* of policies and groups; policies.c adds a few characters */
#define PREFIX_LENGTH 5U /* nu, and three characters of the manager's */
#define CHANGES_MAX 200000U

/* Memory of one request. */
struct scratch {
	struct scratch *next;
	_Alignas(max_align_t) uint8_t data[];
};

/* Zeroed memory, which scratch_free() frees. */
static void *scratch_allocate(struct scratch **scratch, struct reader *reader, size_t count,
			      size_t size)
{
	struct scratch *block = reader->faulty ? NULL
					       : calloc(1, sizeof(*block) + (count + 1) * size);

	if (block == NULL) {
		reader->faulty = true;
		return NULL;
	}
	block->next = *scratch;
	*scratch = block;
	return block->data;
}

static void scratch_free(struct scratch *scratch)
{
	while (scratch != NULL) {
		struct scratch *next = scratch->next;

		free(scratch);
		scratch = next;
	}
}

static const char **read_names(struct reader *reader, struct scratch **scratch, size_t *count)
{
	const char **names;

	*count = read_count(reader, 6);
	names = (const char **)scratch_allocate(scratch, reader, *count, sizeof(*names));
	for (size_t i = 0; names != NULL && i < *count; i++)
		names[i] = read_name(reader, NAME_LENGTH);
	return names;
}

static void apply_policy(struct nft *nft, struct reader *reader)
{
	struct scratch *scratch = NULL;
	struct policy policy = { .name = read_name(reader, NAME_LENGTH) };
	bool replaces = read_u8(reader) != 0;
	size_t old_sets = read_u32(reader);

	policy.groups = read_names(reader, &scratch, &policy.group_count);
	policy.before_peers = read_u32(reader);
	policy.rule_count = read_count(reader, 13);
	policy.rules = scratch_allocate(&scratch, reader, policy.rule_count, sizeof(*policy.rules));
	for (size_t i = 0; policy.rules != NULL && i < policy.rule_count; i++)
		policy_read_rule(reader, &policy.rules[i]);
	policy.open = read_u8(reader) != 0;
	if (old_sets > CHANGES_MAX || policy.before_peers > policy.rule_count)
		reader->faulty = true;
	if (!reader->faulty)
		policy_put(nft, &policy, replaces, old_sets);
	scratch_free(scratch);
}

static void read_service(struct reader *reader, struct host_service *service)
{
	size_t length;
	const uint8_t *address = read_bytes(reader, &length);

	service->protocol = read_u8(reader);
	service->port = read_u16(reader);
	if ((length != 4 && length != 16) || !has_ports(service->protocol)) {
		reader->faulty = true;
		return;
	}
	service->length = (uint8_t)length;
	memcpy(service->address, address, length);
}

static bool has_prefix(const struct network *network, const char *interface)
{
	return strncmp(interface, network->ruleset.prefix, strlen(network->ruleset.prefix)) == 0;
}

static void apply_attachment(struct network *network, struct nft *nft, struct reader *reader)
{
	struct scratch *scratch = NULL;
	bool adds = read_u8(reader) != 0;
	struct attachment attachment = { .interface = read_interface(reader) };

	attachment.policy = read_name(reader, NAME_LENGTH);
	attachment.groups = read_names(reader, &scratch, &attachment.group_count);
	read_pairs(reader, attachment.addresses, attachment.gateways);
	attachment.service_count = read_count(reader, 11);
	attachment.services = scratch_allocate(&scratch, reader, attachment.service_count,
					       sizeof(*attachment.services));
	for (size_t i = 0; attachment.services != NULL && i < attachment.service_count; i++)
		read_service(reader, &attachment.services[i]);
	if (!has_prefix(network, attachment.interface))
		reader->faulty = true;
	if (!reader->faulty)
		attachment_change(nft, &attachment, adds);
	scratch_free(scratch);
}

static struct backend *read_backends(struct reader *reader, struct scratch **scratch,
				     uint8_t length, size_t *count)
{
	struct backend *backends;

	*count = read_count(reader, 10);
	if (*count > BACKENDS_MAX)
		reader->faulty = true;
	backends = scratch_allocate(scratch, reader, *count, sizeof(*backends));
	for (size_t i = 0; backends != NULL && i < *count; i++) {
		size_t got;
		const uint8_t *address = read_bytes(reader, &got);

		backends[i].port = read_u16(reader);
		if (got != length) {
			reader->faulty = true;
			break;
		}
		memcpy(backends[i].address, address, got);
	}
	return backends;
}

static void apply_port(struct network *network, struct nft *nft, struct reader *reader)
{
	struct scratch *scratch = NULL;
	struct published_port port = { 0 };
	size_t length;
	const uint8_t *address = read_bytes(reader, &length);
	size_t before_count;
	size_t after_count;
	struct backend *before;
	struct backend *after;
	uint8_t published;

	port.length = (uint8_t)length;
	port.protocol = read_u8(reader);
	port.port = read_u16(reader);
	published = read_u8(reader); /* 1: was published before; 2: is published afterwards */
	if ((length != 4 && length != 16) || !has_ports(port.protocol) || port.port == 0)
		reader->faulty = true;
	else
		memcpy(port.address, address, length);
	before = read_backends(reader, &scratch, port.length, &before_count);
	after = read_backends(reader, &scratch, port.length, &after_count);
	if (!reader->faulty)
		port_publish(&network->ruleset, nft, &port, (published & 1U) != 0,
			     (published & 2U) != 0, before, before_count, after, after_count);
	scratch_free(scratch);
}

/* With the prefix of a network that may be unreachable as a whole. */
static void read_gateways(struct reader *reader, struct ip_address gateways[2])
{
	read_addresses(reader, gateways);
	if ((gateways[0].length > 0 && gateways[0].prefix < 8) ||
	    (gateways[1].length > 0 && gateways[1].prefix < 48))
		reader->faulty = true;
}

static int apply_network(struct network *network, struct nft *nft, struct reader *reader,
			 struct failure *failure)
{
	bool adds = read_u8(reader) != 0;
	struct network_plan plan = { .name = read_interface(reader), .alias = read_string(reader) };
	int result;

	read_gateways(reader, plan.gateways);
	if (!has_prefix(network, plan.name))
		reader->faulty = true;
	if (reader->faulty)
		return 0;
	ruleset_network(nft, plan.gateways, adds);
	if (!adds) {
		network_remove_routes(network->route_fd, &plan);
		result = link_remove(network->route_fd, plan.name);
		return result < 0 ? fail(failure, STEP_NETWORK, -result, "remove the network %s",
					 plan.name)
				  : 0;
	}
	result = network_create(network->route_fd, &plan);
	return result < 0 ? fail(failure, STEP_NETWORK, -result, "create the network %s", plan.name)
			  : 0;
}

static int apply_forwarding(struct reader *reader, struct failure *failure)
{
	bool ipv6 = read_u8(reader) != 0;
	int result = reader->faulty ? 0 : forwarding_enable(ipv6);

	return result < 0 ? fail(failure, STEP_NETWORK, -result,
				 "let the host forward packets (net.ipv4.ip_forward)")
			  : 0;
}

static int remove_link(struct network *network, struct reader *reader, struct failure *failure)
{
	const char *interface = read_interface(reader);
	int result;

	if (!has_prefix(network, interface))
		reader->faulty = true;
	if (reader->faulty)
		return 0;
	result = link_remove(network->route_fd, interface);
	return result < 0 ? fail(failure, STEP_NETWORK, -result, "remove %s", interface) : 0;
}

static void remove_subnet(struct network *network, struct reader *reader)
{
	struct network_plan plan = { 0 };

	read_gateways(reader, plan.gateways);
	if (!reader->faulty)
		network_remove_routes(network->route_fd, &plan);
}

static void apply_group(struct nft *nft, struct reader *reader)
{
	bool adds = read_u8(reader) != 0;
	const char *name = read_name(reader, NAME_LENGTH);

	if (!reader->faulty)
		group_change(nft, name, adds);
}

static void remove_policy(struct nft *nft, struct reader *reader)
{
	const char *name = read_name(reader, NAME_LENGTH);
	uint32_t sets = read_u32(reader);

	if (sets > CHANGES_MAX)
		reader->faulty = true;
	if (!reader->faulty)
		policy_remove(nft, name, sets);
}

static int apply_one(struct network *network, struct nft *nft, struct reader *reader,
		     struct failure *failure)
{
	switch ((enum network_change)read_u8(reader)) {
	case CHANGE_RESET:
		ruleset_reset(&network->ruleset, nft);
		return 0;
	case CHANGE_DELETE:
		ruleset_delete(&network->ruleset, nft);
		return 0;
	case CHANGE_NETWORK:
		return apply_network(network, nft, reader, failure);
	case CHANGE_GROUP:
		apply_group(nft, reader);
		return 0;
	case CHANGE_POLICY:
		apply_policy(nft, reader);
		return 0;
	case CHANGE_POLICY_REMOVED:
		remove_policy(nft, reader);
		return 0;
	case CHANGE_ATTACHMENT:
		apply_attachment(network, nft, reader);
		return 0;
	case CHANGE_PORT:
		apply_port(network, nft, reader);
		return 0;
	case CHANGE_LINK_REMOVED:
		return remove_link(network, reader, failure);
	case CHANGE_FORWARDING:
		return apply_forwarding(reader, failure);
	case CHANGE_SUBNET_REMOVED:
		remove_subnet(network, reader);
		return 0;
	}
	reader->faulty = true;
	return 0;
}

int network_apply(struct network *network, struct reader *reader, struct failure *failure)
{
	struct nft nft;
	size_t count = read_count(reader, 1);
	int result = 0;

	if (count > CHANGES_MAX)
		reader->faulty = true;
	nft_begin(&nft, network->ruleset.table);
	for (size_t i = 0; i < count && result == 0 && !reader->faulty; i++)
		result = apply_one(network, &nft, reader, failure);
	if (result == 0 && (reader->faulty || reader->at != reader->end))
		result = fail(failure, STEP_NETWORK, EBADMSG, "read the network's changes");
	if (result < 0) {
		nft_free(&nft);
		return result;
	}
	result = nft_commit(&nft, network->netfilter_fd);
	return result < 0 ? fail(failure, STEP_NETWORK, -result,
				 "change the rules of the table inet %s", network->ruleset.table)
			  : 0;
}

int network_open(struct network *network, struct reader *reader, struct failure *failure)
{
	const char *table = read_name(reader, sizeof(network->ruleset.table) - 1);
	const char *prefix = read_interface(reader);
	const char *instance = read_string(reader);

	*network = (struct network){ .route_fd = -1, .netfilter_fd = -1 };
	/* A client can't name interfaces or tables that are not its own. */
	if (strncmp(prefix, "nu", 2) != 0 || strlen(prefix) != PREFIX_LENGTH ||
	    strncmp(table, "nucleus", 7) != 0 || (table[7] != '\0' && table[7] != '-') ||
	    strlen(instance) >= sizeof(network->ruleset.instance))
		reader->faulty = true;
	if (reader->faulty)
		return fail(failure, STEP_NETWORK, EBADMSG, "read the manager's network settings");
	(void)snprintf(network->ruleset.table, sizeof(network->ruleset.table), "%s", table);
	(void)snprintf(network->ruleset.prefix, sizeof(network->ruleset.prefix), "%s", prefix);
	(void)snprintf(network->ruleset.instance, sizeof(network->ruleset.instance), "%s",
		       instance);
	network->route_fd = netlink_open(NETLINK_ROUTE);
	network->netfilter_fd = netlink_open(NETLINK_NETFILTER);
	if (network->route_fd < 0)
		return fail(failure, STEP_NETWORK, -network->route_fd, "open a route socket");
	if (network->netfilter_fd < 0)
		return fail(failure, STEP_NETWORK, -network->netfilter_fd,
			    "open a netfilter socket");
	return 0;
}
