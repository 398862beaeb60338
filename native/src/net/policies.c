#include "net/policies.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include "net/rule_parts.h"

static struct object_name members_of(size_t family, const char *group)
{
	struct object_name name;

	(void)snprintf(name.text, sizeof(name.text), "members%s/%s", family == 0 ? "4" : "6",
		       group);
	return name;
}

void group_change(struct nft *nft, const char *name, bool adds)
{
	const struct nft_types none = { { 0 }, 0 };

	for (size_t family = 0; family < 2; family++) {
		if (adds)
			add_set(nft, NFT_PLAIN_SET, members_of(family, name),
				types_of(address_type(family), 0, 0, 0), none);
		else
			nft_delete_set(nft, members_of(family, name).text);
	}
}

static struct object_name chain_of(const char *policy)
{
	struct object_name name;

	(void)snprintf(name.text, sizeof(name.text), "from/%s", policy);
	return name;
}

static struct object_name set_of(const char *policy, size_t number)
{
	struct object_name name;

	(void)snprintf(name.text, sizeof(name.text), "rule/%s/%zu", policy, number);
	return name;
}

/* Adds 1 to an address; false after the last one. */
static bool following(uint8_t *address, size_t length)
{
	for (size_t i = length; i > 0; i--) {
		if (++address[i - 1] != 0)
			return true;
	}
	return false;
}

static void add_ranges(struct nft *nft, struct object_name set, const struct policy_rule *rule)
{
	const struct nft_types none = { { 0 }, 0 };

	add_set(nft, NFT_INTERVALS, set, types_of(address_type(rule->length == 16), 0, 0, 0), none);
	for (size_t i = 0; i < rule->range_count; i++) {
		const uint8_t *first = rule->ranges + i * 2U * rule->length;
		uint8_t end[16];
		struct nft_element elements[2] = {
			{ .key = first, .key_length = rule->length },
			{ .key = end, .key_length = rule->length, .interval_end = true },
		};

		memcpy(end, first + rule->length, rule->length);
		nft_add_elements(nft, set.text, elements, following(end, rule->length) ? 2 : 1);
	}
}

static void add_rule(struct nft *nft, const struct policy *policy, size_t number)
{
	const struct policy_rule *rule = &policy->rules[number];
	struct object_name chain = chain_of(policy->name);
	struct object_name set = set_of(policy->name, number + 1);
	size_t family = rule->length == 16;

	add_ranges(nft, set, rule);
	nft_rule_begin(nft, chain.text);
	match_family(nft, family);
	if (rule->protocol != 0)
		match_protocol(nft, rule->protocol);
	if (rule->first_port != 0) {
		uint16_t from = htons(rule->first_port);
		uint16_t to = htons(rule->last_port);

		nft_conntrack(nft, NFT_CT_PROTO_DST, 0, 0);
		nft_range(nft, 0, &from, &to, sizeof(from));
	}
	load_original(nft, family, 0);
	nft_lookup(nft, set.text, 0, false);
	if (rule->allows)
		accept_packet(nft);
	else
		go_to(nft, "refuse");
}

bool has_ports(uint8_t protocol)
{
	return protocol == 6 || protocol == 17;
}

void policy_read_rule(struct reader *reader, struct policy_rule *rule)
{
	size_t length;
	size_t pair;

	rule->allows = read_u8(reader) != 0;
	rule->length = read_u8(reader);
	rule->protocol = read_u8(reader);
	rule->first_port = read_u16(reader);
	rule->last_port = read_u16(reader);
	rule->ranges = read_bytes(reader, &length);
	pair = (size_t)2 * rule->length;
	if ((rule->length != 4 && rule->length != 16) || length == 0 || length % pair != 0 ||
	    rule->first_port > rule->last_port ||
	    (rule->first_port != 0 && !has_ports(rule->protocol))) {
		reader->faulty = true;
		return;
	}
	rule->range_count = length / pair;
	/* Overlapping ranges would be refused by the kernel, with all else. */
	for (size_t i = 0; i < rule->range_count * 2; i++) {
		const uint8_t *at = rule->ranges + i * rule->length;
		int order = i == 0 ? 1 : memcmp(at, at - rule->length, rule->length);

		if (order < 0 || (i % 2 == 0 && order == 0))
			reader->faulty = true;
	}
}

static bool rule_matches(const struct policy_rule *rule, const struct ip_address *address,
			 uint8_t protocol, uint16_t port)
{
	if (rule->length != address->length ||
	    (rule->protocol != 0 && rule->protocol != protocol) ||
	    (rule->first_port != 0 && (port < rule->first_port || port > rule->last_port)))
		return false;
	for (size_t i = 0; i < rule->range_count; i++) {
		const uint8_t *first = rule->ranges + i * 2 * rule->length;

		if (memcmp(address->bytes, first, rule->length) >= 0 &&
		    memcmp(address->bytes, first + rule->length, rule->length) <= 0)
			return true;
	}
	return false;
}

bool policy_allows(const struct policy_rule *rules, size_t count, bool open,
		   const struct ip_address *address, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; i < count; i++) {
		if (rule_matches(&rules[i], address, protocol, port))
			return rules[i].allows;
	}
	return open;
}

void policy_put(struct nft *nft, const struct policy *policy, bool replaces, size_t old_sets)
{
	struct object_name chain = chain_of(policy->name);

	if (replaces) {
		nft_flush_chain(nft, chain.text);
		for (size_t i = 0; i < old_sets; i++)
			nft_delete_set(nft, set_of(policy->name, i + 1).text);
	} else {
		nft_add_chain(nft, chain.text);
	}
	for (size_t i = 0; i < policy->group_count; i++) {
		for (size_t family = 0; family < 2; family++) {
			nft_rule_begin(nft, chain.text);
			match_family(nft, family);
			load_original(nft, family, 0);
			nft_lookup(nft, members_of(family, policy->groups[i]).text, 0, false);
			accept_packet(nft);
		}
	}
	for (size_t i = 0; i < policy->before_peers && i < policy->rule_count; i++)
		add_rule(nft, policy, i);
	for (size_t family = 0; family < 2; family++) {
		nft_rule_begin(nft, chain.text);
		match_family(nft, family);
		load_original(nft, family, 0);
		nft_lookup(nft, name_of("containers", family, "").text, 0, false);
		go_to(nft, "refuse");
	}
	for (size_t i = policy->before_peers; i < policy->rule_count; i++)
		add_rule(nft, policy, i);
	nft_rule_begin(nft, chain.text);
	if (policy->open)
		accept_packet(nft);
	else
		go_to(nft, "refuse");
}

void policy_remove(struct nft *nft, const char *name, size_t sets)
{
	struct object_name chain = chain_of(name);

	nft_flush_chain(nft, chain.text);
	nft_delete_chain(nft, chain.text);
	for (size_t i = 0; i < sets; i++)
		nft_delete_set(nft, set_of(name, i + 1).text);
}

/* A key of an interface name and what follows it. */
struct interface_key {
	uint8_t bytes[16 + 16 + 4 + 4];
	size_t length;
};

static struct interface_key key_of(const char *interface, const uint8_t *address, size_t length)
{
	struct interface_key key = { .length = 16 + length };

	memcpy(key.bytes, interface, strnlen(interface, 15));
	if (length > 0)
		memcpy(key.bytes + 16, address, length);
	return key;
}

static void attach_family(struct nft *nft, const struct attachment *attachment, size_t family,
			  bool adds)
{
	const struct ip_address *address = &attachment->addresses[family];
	const struct ip_address *gateway = &attachment->gateways[family];
	struct interface_key key = key_of(attachment->interface, address->bytes, address->length);
	struct nft_element element = { .key = key.bytes, .key_length = key.length };
	uint8_t pair[32];

	change_element(nft, adds, name_of("leases", family, ""), &element);
	element.key_length = 16;
	element.data = gateway->bytes;
	element.data_length = gateway->length;
	change_element(nft, adds, name_of("gateways", family, ""), &element);
	memcpy(pair, address->bytes, address->length);
	memcpy(pair + address->length, address->bytes, address->length);
	element = (struct nft_element){ .key = pair, .key_length = 2U * (size_t)address->length };
	change_element(nft, adds, name_of("self", family, ""), &element);
	change_address(nft, adds, name_of("containers", family, ""), address);
	for (size_t i = 0; i < attachment->group_count; i++)
		change_address(nft, adds, members_of(family, attachment->groups[i]), address);
}

void attachment_change(struct nft *nft, const struct attachment *attachment, bool adds)
{
	struct object_name chain = chain_of(attachment->policy);
	struct interface_key key = key_of(attachment->interface, NULL, 0);
	struct nft_element element = { .key = key.bytes, .key_length = 16, .chain = chain.text };

	change_element(nft, adds, (struct object_name){ "policies" }, &element);
	for (size_t family = 0; family < 2; family++) {
		if (attachment->addresses[family].length > 0)
			attach_family(nft, attachment, family, adds);
	}
	for (size_t i = 0; i < attachment->service_count; i++) {
		const struct host_service *service = &attachment->services[i];
		uint16_t port = htons(service->port);

		key = key_of(attachment->interface, service->address, service->length);
		key.bytes[key.length] = service->protocol;
		memcpy(key.bytes + key.length + 4, &port, sizeof(port));
		element = (struct nft_element){ .key = key.bytes, .key_length = key.length + 8 };
		change_element(nft, adds, name_of("host-services", service->length == 16, ""),
			       &element);
	}
}
