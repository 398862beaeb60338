#include "net/published_ports.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include "net/rule_parts.h"

/* The key of a published port: its address, unless it is any; protocol and port; and, for a
 * backend, its number. */
struct port_key {
	uint8_t bytes[16 + 4 + 4 + 4];
	size_t length;
};

static bool is_any(const struct published_port *port)
{
	static const uint8_t zeros[16];

	return memcmp(port->address, zeros, port->length) == 0;
}

static struct port_key port_key_of(const struct published_port *port)
{
	struct port_key key = { .length = is_any(port) ? 0 : port->length };
	uint16_t number = htons(port->port);

	memcpy(key.bytes, port->address, key.length);
	key.bytes[key.length] = port->protocol;
	memcpy(key.bytes + key.length + 4, &number, sizeof(number));
	key.length += 8;
	return key;
}

static void change_backend(struct nft *nft, const struct published_port *port, uint32_t number,
			   const struct backend *backend, bool adds)
{
	struct port_key key = port_key_of(port);
	uint8_t data[16 + 4] = { 0 };
	uint16_t to = htons(backend->port);
	const struct nft_element element = { .key = key.bytes,
					     .key_length = key.length + 4,
					     .data = data,
					     .data_length = port->length + 4U };

	memcpy(key.bytes + key.length, &number, sizeof(number));
	memcpy(data, backend->address, port->length);
	memcpy(data + port->length, &to, sizeof(to));
	change_element(nft, adds,
		       name_of("backends", port->length == 16, is_any(port) ? "-any" : ""),
		       &element);
}

static struct object_name balancer_of(size_t kind, size_t count)
{
	struct object_name name;

	(void)snprintf(name.text, sizeof(name.text), "balance%s%s-%zu", kind < 2 ? "4" : "6",
		       kind % 2 == 1 ? "-any" : "", count);
	return name;
}

/* A chain that picks one of `count` backends at random. */
static void add_balancer(struct ruleset *ruleset, struct nft *nft, size_t kind, size_t count)
{
	size_t family = kind / 2;
	struct object_name chain = balancer_of(kind, count);
	unsigned int at = 0;

	if (ruleset->balancers[kind][count] != 0)
		return;
	ruleset->balancers[kind][count] = 1;
	nft_add_chain(nft, chain.text);
	nft_rule_begin(nft, chain.text);
	if (kind % 2 == 0) {
		load_destination(nft, family, 0);
		at = registers_of(family);
	}
	load_service(nft, at);
	nft_random(nft, (uint32_t)count, at + 2);
	nft_lookup_data(nft, name_of("backends", family, kind % 2 == 1 ? "-any" : "").text, 0, 0);
	nft_nat(nft, NFT_NAT_DNAT, nft_families[family], 0, (int)registers_of(family));
	nft_rule_end(nft);
}

static bool same_backend(const struct published_port *port, const struct backend *a,
			 const struct backend *b)
{
	return a->port == b->port && memcmp(a->address, b->address, port->length) == 0;
}

void port_publish(struct ruleset *ruleset, struct nft *nft, const struct published_port *port,
		  bool was_published, bool is_published, const struct backend *before,
		  size_t before_count, const struct backend *after, size_t after_count)
{
	size_t kind = (port->length == 16 ? 2U : 0U) + (is_any(port) ? 1U : 0U);
	size_t family = port->length == 16;
	const char *any = is_any(port) ? "-any" : "";
	struct port_key key = port_key_of(port);
	struct nft_element element = { .key = key.bytes, .key_length = key.length };
	struct object_name chain;

	if (was_published != is_published)
		change_element(nft, is_published, name_of("published", family, any), &element);
	if (before_count != after_count && before_count > 0) {
		chain = balancer_of(kind, before_count);
		element.chain = chain.text;
		change_element(nft, false, name_of("ports", family, any), &element);
	}
	for (size_t i = 0; i < before_count; i++) {
		if (i >= after_count || !same_backend(port, &before[i], &after[i]))
			change_backend(nft, port, (uint32_t)i, &before[i], false);
	}
	for (size_t i = 0; i < after_count; i++) {
		if (i >= before_count || !same_backend(port, &before[i], &after[i]))
			change_backend(nft, port, (uint32_t)i, &after[i], true);
	}
	if (before_count != after_count && after_count > 0) {
		add_balancer(ruleset, nft, kind, after_count);
		chain = balancer_of(kind, after_count);
		element.chain = chain.text;
		change_element(nft, true, name_of("ports", family, any), &element);
	}
}
