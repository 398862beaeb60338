#include "net/ruleset.h"

#include <arpa/inet.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_LENGTH 250
#define DENIED_MAX 4096         /* destinations remembered */
#define DENIED_SECONDS 3600     /* since their last attempt */
#define CT_STATE_ESTABLISHED 2U /* bits of NFT_CT_STATE (nf_tables, NF_CT_STATE_BIT) */
#define CT_STATE_RELATED 4U
#define CT_STATE_INVALID 1U
#define CT_STATE_UNTRACKED 64U
#define HOOK_PREROUTING 0
#define HOOK_INPUT 1
#define HOOK_FORWARD 2
#define HOOK_OUTPUT 3
#define HOOK_POSTROUTING 4
#define OFFSET_IP4_SOURCE 12
#define OFFSET_IP4_DESTINATION 16
#define OFFSET_IP6_SOURCE 8
#define OFFSET_IP6_DESTINATION 24
#define OFFSET_DESTINATION_PORT 2
#define OFFSET_TCP_FLAGS 13
#define TCP_RST 4

/* The registers of keys: an interface name takes four. */
#define AFTER_NAME 4

static const uint8_t families[2] = { NFPROTO_IPV4, NFPROTO_IPV6 };
static const uint8_t lengths[2] = { 4, 16 };

static struct nft_types types_of(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	struct nft_types types = { { a, b, c, d }, 0 };

	while (types.count < 4 && types.types[types.count] != 0)
		types.count++;
	return types;
}

static uint8_t address_type(size_t family)
{
	return family == 0 ? NFT_TYPE_IPV4 : NFT_TYPE_IPV6;
}

struct name {
	char text[NAME_MAX_LENGTH];
};

/* base, 4 or 6, and what follows. */
static struct name named(const char *base, size_t family, const char *rest)
{
	struct name name;

	(void)snprintf(name.text, sizeof(name.text), "%s%s%s", base, family == 0 ? "4" : "6", rest);
	return name;
}

static void add_set(struct nft *nft, enum nft_set_kind kind, struct name name, struct nft_types key,
		    struct nft_types data)
{
	const struct nft_set set = { .name = name.text,
				     .key = key,
				     .data = data,
				     .kind = kind,
				     .size = DENIED_MAX,
				     .seconds = DENIED_SECONDS };

	nft_add_set(nft, &set);
}

static void add_sets(struct nft *nft)
{
	const struct nft_set policies = { .name = "policies",
					  .key = types_of(NFT_TYPE_IFNAME, 0, 0, 0),
					  .kind = NFT_VERDICT_MAP };
	const struct nft_types none = { { 0 }, 0 };

	nft_add_set(nft, &policies);
	for (size_t family = 0; family < 2; family++) {
		uint8_t address = address_type(family);
		struct nft_types ports = types_of(address, NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE, 0);
		struct nft_types backend = types_of(address, NFT_TYPE_SERVICE, 0, 0);

		add_set(nft, NFT_PLAIN_SET, named("leases", family, ""),
			types_of(NFT_TYPE_IFNAME, address, 0, 0), none);
		add_set(nft, NFT_PLAIN_SET, named("containers", family, ""),
			types_of(address, 0, 0, 0), none);
		add_set(nft, NFT_PLAIN_SET, named("self", family, ""),
			types_of(address, address, 0, 0), none);
		add_set(nft, NFT_PLAIN_SET, named("resolvers", family, ""),
			types_of(address, 0, 0, 0), none);
		add_set(nft, NFT_PLAIN_SET, named("host-services", family, ""),
			types_of(NFT_TYPE_IFNAME, address, NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE),
			none);
		add_set(nft, NFT_COUNTERS, named("denied", family, ""),
			types_of(NFT_TYPE_IFNAME, address, NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE),
			none);
		add_set(nft, NFT_MAP, named("gateways", family, ""),
			types_of(NFT_TYPE_IFNAME, 0, 0, 0), types_of(address, 0, 0, 0));
		add_set(nft, NFT_PLAIN_SET, named("published", family, ""), ports, none);
		add_set(nft, NFT_VERDICT_MAP, named("ports", family, ""), ports, none);
		add_set(nft, NFT_MAP, named("backends", family, ""),
			types_of(address, NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE, NFT_TYPE_MARK),
			backend);
		ports = types_of(NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE, 0, 0);
		add_set(nft, NFT_PLAIN_SET, named("published", family, "-any"), ports, none);
		add_set(nft, NFT_VERDICT_MAP, named("ports", family, "-any"), ports, none);
		add_set(nft, NFT_MAP, named("backends", family, "-any"),
			types_of(NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE, NFT_TYPE_MARK, 0), backend);
	}
}

/* Matches. */

static void match_family(struct nft *nft, size_t family)
{
	nft_meta(nft, NFT_META_NFPROTO, 0);
	nft_compare(nft, NFT_CMP_EQ, 0, &families[family], 1);
}

static void match_protocol(struct nft *nft, uint8_t protocol)
{
	nft_meta(nft, NFT_META_L4PROTO, 0);
	nft_compare(nft, NFT_CMP_EQ, 0, &protocol, 1);
}

static void match_interface(struct nft *nft, const struct ruleset *ruleset, uint32_t key,
			    uint32_t operation)
{
	nft_meta(nft, key, 0);
	nft_compare(nft, operation, 0, ruleset->prefix, strlen(ruleset->prefix));
}

static void match_state(struct nft *nft, uint32_t bits)
{
	static const uint32_t zero;

	nft_conntrack(nft, NFT_CT_STATE, -1, 0);
	nft_mask(nft, 0, (const uint8_t *)&bits, sizeof(bits));
	nft_compare(nft, NFT_CMP_NEQ, 0, &zero, sizeof(zero));
}

static void match_port(struct nft *nft, uint16_t offset, uint16_t port)
{
	uint16_t encoded = htons(port);

	nft_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(encoded), 0);
	nft_compare(nft, NFT_CMP_EQ, 0, &encoded, sizeof(encoded));
}

static void load_source(struct nft *nft, size_t family, unsigned int at)
{
	nft_payload(nft, NFT_PAYLOAD_NETWORK_HEADER,
		    family == 0 ? OFFSET_IP4_SOURCE : OFFSET_IP6_SOURCE, lengths[family], at);
}

static void load_destination(struct nft *nft, size_t family, unsigned int at)
{
	nft_payload(nft, NFT_PAYLOAD_NETWORK_HEADER,
		    family == 0 ? OFFSET_IP4_DESTINATION : OFFSET_IP6_DESTINATION, lengths[family],
		    at);
}

/* The destination that the connection was made to, before it was translated. */
static void load_original(struct nft *nft, size_t family, unsigned int at)
{
	nft_conntrack(nft, family == 0 ? NFT_CT_DST_IP : NFT_CT_DST_IP6, 0, at);
}

static unsigned int registers_of(size_t family)
{
	return lengths[family] / 4U;
}

/* protocol . destination port */
static void load_service(struct nft *nft, unsigned int at)
{
	nft_meta(nft, NFT_META_L4PROTO, at);
	nft_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, OFFSET_DESTINATION_PORT, 2, at + 1);
}

static void allow(struct nft *nft)
{
	nft_verdict(nft, NF_ACCEPT, NULL);
	nft_rule_end(nft);
}

static void drop(struct nft *nft)
{
	nft_verdict(nft, NF_DROP, NULL);
	nft_rule_end(nft);
}

static void go(struct nft *nft, int how, const char *chain)
{
	nft_verdict(nft, how, chain);
	nft_rule_end(nft);
}

/* Chains. */

/* Only addresses that an interface was leased may come from it; and none for the host's loopback
 * interface, which route_localnet would let in (CVE-2020-8558). */
static void add_sources(const struct ruleset *ruleset, struct nft *nft)
{
	static const uint8_t mask[4] = { 0xff, 0, 0, 0 };
	static const uint8_t loopback[4] = { 127, 0, 0, 0 };

	nft_add_base_chain(nft, "sources", "filter", HOOK_PREROUTING, NF_IP_PRI_RAW);
	/* From anywhere but the host itself: published ports are translated before the kernel could
	 * refuse the address (moby#45610). */
	nft_rule_begin(nft, "sources");
	nft_meta(nft, NFT_META_IIFNAME, 0);
	nft_compare(nft, NFT_CMP_NEQ, 0, "lo", sizeof("lo"));
	match_family(nft, 0);
	load_destination(nft, 0, 0);
	nft_mask(nft, 0, mask, sizeof(mask));
	nft_compare(nft, NFT_CMP_EQ, 0, loopback, sizeof(loopback));
	drop(nft);
	for (size_t family = 0; family < 2; family++) {
		nft_rule_begin(nft, "sources");
		match_interface(nft, ruleset, NFT_META_IIFNAME, NFT_CMP_EQ);
		match_family(nft, family);
		nft_meta(nft, NFT_META_IIFNAME, 0);
		load_source(nft, family, AFTER_NAME);
		nft_lookup(nft, named("leases", family, "").text, 0, true);
		drop(nft);
		/* Nor do others have a container's address. */
		nft_rule_begin(nft, "sources");
		match_interface(nft, ruleset, NFT_META_IIFNAME, NFT_CMP_NEQ);
		match_family(nft, family);
		load_source(nft, family, 0);
		nft_lookup(nft, named("containers", family, "").text, 0, false);
		drop(nft);
	}
}

static void add_refusal(struct nft *nft)
{
	nft_add_chain(nft, "refuse");
	for (size_t family = 0; family < 2; family++) {
		unsigned int after = AFTER_NAME + registers_of(family);

		nft_rule_begin(nft, "refuse");
		match_family(nft, family);
		nft_meta(nft, NFT_META_IIFNAME, 0);
		load_original(nft, family, AFTER_NAME);
		nft_meta(nft, NFT_META_L4PROTO, after);
		nft_conntrack(nft, NFT_CT_PROTO_DST, 0, after + 1);
		nft_count(nft, named("denied", family, "").text, 0);
		nft_rule_end(nft);
	}
	nft_rule_begin(nft, "refuse");
	match_protocol(nft, IPPROTO_TCP);
	nft_reject(nft, NFT_REJECT_TCP_RST, 0);
	nft_rule_end(nft);
	nft_rule_begin(nft, "refuse");
	nft_reject(nft, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
	nft_rule_end(nft);
}

static void accept_replies(const struct ruleset *ruleset, struct nft *nft, const char *chain)
{
	static const uint8_t reply = IP_CT_DIR_REPLY;

	/* Only replies: the packets of the side that began a connection are judged one by one, so
	 * that a tightened policy ends what it no longer allows. */
	nft_rule_begin(nft, chain);
	nft_conntrack(nft, NFT_CT_DIRECTION, -1, 0);
	nft_compare(nft, NFT_CMP_EQ, 0, &reply, 1);
	match_state(nft, CT_STATE_ESTABLISHED);
	allow(nft);
	nft_rule_begin(nft, chain);
	match_state(nft, CT_STATE_RELATED);
	allow(nft);
	/* Without a tracked connection no rule about its destination would match, refusals neither.
	 */
	nft_rule_begin(nft, chain);
	match_interface(nft, ruleset, NFT_META_IIFNAME, NFT_CMP_EQ);
	match_state(nft, CT_STATE_INVALID | CT_STATE_UNTRACKED);
	drop(nft);
}

static void add_forward(const struct ruleset *ruleset, struct nft *nft)
{
	uint32_t translated = IPS_DST_NAT;
	static const uint32_t zero;

	nft_add_base_chain(nft, "forward", "filter", HOOK_FORWARD, NF_IP_PRI_FILTER);
	accept_replies(ruleset, nft, "forward");
	nft_rule_begin(nft, "forward");
	nft_meta(nft, NFT_META_IIFNAME, 0);
	nft_lookup_verdict(nft, "policies", 0);
	nft_rule_end(nft);
	nft_rule_begin(nft, "forward");
	match_interface(nft, ruleset, NFT_META_IIFNAME, NFT_CMP_EQ);
	drop(nft);
	/* From outside only to published ports. */
	nft_rule_begin(nft, "forward");
	match_interface(nft, ruleset, NFT_META_OIFNAME, NFT_CMP_EQ);
	nft_conntrack(nft, NFT_CT_STATUS, -1, 0);
	nft_mask(nft, 0, (const uint8_t *)&translated, sizeof(translated));
	nft_compare(nft, NFT_CMP_NEQ, 0, &zero, sizeof(zero));
	allow(nft);
	nft_rule_begin(nft, "forward");
	match_interface(nft, ruleset, NFT_META_OIFNAME, NFT_CMP_EQ);
	go(nft, NFT_GOTO, "refuse");
}

/* The host's own services, for containers: its resolver, pings of gateways, and exceptions. */
static void add_to_host(const struct ruleset *ruleset, struct nft *nft)
{
	static const uint8_t echo[2] = { ICMP_ECHO, ICMPV6_ECHO_REQUEST };
	static const uint8_t protocols[2] = { IPPROTO_ICMP, IPPROTO_ICMPV6 };
	static const uint8_t transports[2] = { IPPROTO_UDP, IPPROTO_TCP };

	nft_add_chain(nft, "to-host");
	accept_replies(ruleset, nft, "to-host");
	for (size_t family = 0; family < 2; family++) {
		const char *resolvers = family == 0 ? "resolvers4" : "resolvers6";

		for (size_t i = 0; i < 2; i++) {
			nft_rule_begin(nft, "to-host");
			match_family(nft, family);
			match_protocol(nft, transports[i]);
			match_port(nft, OFFSET_DESTINATION_PORT, RESOLVER_PORT);
			load_destination(nft, family, 0);
			nft_lookup(nft, resolvers, 0, false);
			allow(nft);
		}
		nft_rule_begin(nft, "to-host");
		match_protocol(nft, protocols[family]);
		nft_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 0);
		nft_compare(nft, NFT_CMP_EQ, 0, &echo[family], 1);
		load_destination(nft, family, 0);
		nft_lookup(nft, resolvers, 0, false);
		allow(nft);
		nft_rule_begin(nft, "to-host");
		match_family(nft, family);
		nft_meta(nft, NFT_META_IIFNAME, 0);
		load_destination(nft, family, AFTER_NAME);
		load_service(nft, AFTER_NAME + registers_of(family));
		nft_lookup(nft, named("host-services", family, "").text, 0, false);
		allow(nft);
	}
	nft_rule_begin(nft, "to-host");
	go(nft, NFT_GOTO, "refuse");
}

static void reject_unserved(struct nft *nft)
{
	nft_reject(nft, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH);
	nft_rule_end(nft);
}

/* What reaches the host itself for a published port has no replica to go to. */
static void add_input(const struct ruleset *ruleset, struct nft *nft)
{
	nft_add_base_chain(nft, "input", "filter", HOOK_INPUT, NF_IP_PRI_FILTER);
	nft_rule_begin(nft, "input");
	match_interface(nft, ruleset, NFT_META_IIFNAME, NFT_CMP_EQ);
	go(nft, NFT_GOTO, "to-host");
	for (size_t family = 0; family < 2; family++) {
		/* The resolver is for containers. */
		nft_rule_begin(nft, "input");
		nft_meta(nft, NFT_META_IIFNAME, 0);
		nft_compare(nft, NFT_CMP_NEQ, 0, "lo", sizeof("lo"));
		match_family(nft, family);
		match_port(nft, OFFSET_DESTINATION_PORT, RESOLVER_PORT);
		load_destination(nft, family, 0);
		nft_lookup(nft, family == 0 ? "resolvers4" : "resolvers6", 0, false);
		drop(nft);
	}
	nft_add_chain(nft, "unserved");
	nft_rule_begin(nft, "unserved");
	match_protocol(nft, IPPROTO_TCP);
	nft_reject(nft, NFT_REJECT_TCP_RST, 0);
	nft_rule_end(nft);
	nft_rule_begin(nft, "unserved");
	reject_unserved(nft);
	for (size_t family = 0; family < 2; family++) {
		nft_rule_begin(nft, "input");
		match_family(nft, family);
		load_destination(nft, family, 0);
		load_service(nft, registers_of(family));
		nft_lookup(nft, named("published", family, "").text, 0, false);
		go(nft, NFT_GOTO, "unserved");
		nft_rule_begin(nft, "input");
		match_family(nft, family);
		load_service(nft, 0);
		nft_lookup(nft, named("published", family, "-any").text, 0, false);
		go(nft, NFT_GOTO, "unserved");
	}
}

/* While no resolver listens, queries are left unanswered instead of being refused: clients then ask
 * again, and a restart of the manager loses none. */
static void add_output(const struct ruleset *ruleset, struct nft *nft)
{
	static const uint8_t unreachable[2][2] = {
		{ ICMP_DEST_UNREACH, ICMP_PORT_UNREACH },
		{ ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH },
	};
	static const uint8_t protocols[2] = { IPPROTO_ICMP, IPPROTO_ICMPV6 };
	static const uint8_t reset = TCP_RST;
	static const uint8_t zero;

	nft_add_base_chain(nft, "output", "filter", HOOK_OUTPUT, NF_IP_PRI_FILTER);
	for (size_t family = 0; family < 2; family++) {
		nft_rule_begin(nft, "output");
		match_interface(nft, ruleset, NFT_META_OIFNAME, NFT_CMP_EQ);
		match_protocol(nft, protocols[family]);
		nft_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, 0);
		nft_compare(nft, NFT_CMP_EQ, 0, unreachable[family], 2);
		drop(nft);
	}
	nft_rule_begin(nft, "output");
	match_interface(nft, ruleset, NFT_META_OIFNAME, NFT_CMP_EQ);
	match_protocol(nft, IPPROTO_TCP);
	match_port(nft, 0, RESOLVER_PORT);
	nft_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, OFFSET_TCP_FLAGS, 1, 0);
	nft_mask(nft, 0, &reset, 1);
	nft_compare(nft, NFT_CMP_NEQ, 0, &zero, 1);
	drop(nft);
}

/* Published ports lead to their replicas, for clients elsewhere and on the host itself. */
static void add_translation(const struct ruleset *ruleset, struct nft *nft)
{
	static const uint32_t local = RTN_LOCAL;
	static const uint8_t protocols[2] = { IPPROTO_UDP, IPPROTO_TCP };
	const uint16_t resolver = htons(RESOLVER_PORT);

	nft_add_chain(nft, "publish");
	for (size_t family = 0; family < 2; family++) {
		nft_rule_begin(nft, "publish");
		match_family(nft, family);
		load_destination(nft, family, 0);
		load_service(nft, registers_of(family));
		nft_lookup_verdict(nft, named("ports", family, "").text, 0);
		nft_rule_end(nft);
		nft_rule_begin(nft, "publish");
		match_family(nft, family);
		nft_address_type(nft, 0);
		nft_compare(nft, NFT_CMP_EQ, 0, &local, sizeof(local));
		load_service(nft, 0);
		nft_lookup_verdict(nft, named("ports", family, "-any").text, 0);
		nft_rule_end(nft);
	}
	nft_add_base_chain(nft, "translate", "nat", HOOK_PREROUTING, NF_IP_PRI_NAT_DST);
	for (size_t i = 0; i < 4; i++) {
		size_t family = i / 2;

		nft_rule_begin(nft, "translate");
		match_interface(nft, ruleset, NFT_META_IIFNAME, NFT_CMP_EQ);
		match_family(nft, family);
		match_protocol(nft, protocols[i % 2]);
		match_port(nft, OFFSET_DESTINATION_PORT, 53);
		load_destination(nft, family, 0);
		nft_lookup(nft, family == 0 ? "resolvers4" : "resolvers6", 0, false);
		nft_load(nft, 0, &resolver, sizeof(resolver));
		/* The address stays: the interface has none of its own to redirect to. */
		nft_nat(nft, NFT_NAT_DNAT, families[family], -1, 0);
		nft_rule_end(nft);
	}
	nft_rule_begin(nft, "translate");
	go(nft, NFT_GOTO, "publish");
	nft_add_base_chain(nft, "translate-own", "nat", HOOK_OUTPUT, NF_IP_PRI_NAT_DST);
	nft_rule_begin(nft, "translate-own");
	go(nft, NFT_GOTO, "publish");
}

/* The source becomes the network's gateway, of which the interface is in register 0. */
static void translate_to_gateway(struct nft *nft, size_t family)
{
	nft_meta(nft, NFT_META_OIFNAME, 0);
	nft_lookup_data(nft, named("gateways", family, "").text, 0, 0);
	nft_nat(nft, NFT_NAT_SNAT, families[family], 0, -1);
	nft_rule_end(nft);
}

static void add_sources_translation(const struct ruleset *ruleset, struct nft *nft)
{
	static const uint8_t mask[4] = { 0xff, 0, 0, 0 };
	static const uint8_t loopback[4] = { 127, 0, 0, 0 };

	nft_add_base_chain(nft, "translate-sources", "nat", HOOK_POSTROUTING, NF_IP_PRI_NAT_SRC);
	/* The host's loopback address means nothing in a container. */
	nft_rule_begin(nft, "translate-sources");
	match_interface(nft, ruleset, NFT_META_OIFNAME, NFT_CMP_EQ);
	match_family(nft, 0);
	load_source(nft, 0, 0);
	nft_mask(nft, 0, mask, sizeof(mask));
	nft_compare(nft, NFT_CMP_EQ, 0, loopback, sizeof(loopback));
	translate_to_gateway(nft, 0);
	for (size_t family = 0; family < 2; family++) {
		/* A container that reaches itself by a published port. */
		nft_rule_begin(nft, "translate-sources");
		match_interface(nft, ruleset, NFT_META_OIFNAME, NFT_CMP_EQ);
		match_family(nft, family);
		load_source(nft, family, 0);
		load_destination(nft, family, registers_of(family));
		nft_lookup(nft, named("self", family, "").text, 0, false);
		translate_to_gateway(nft, family);
		nft_rule_begin(nft, "translate-sources");
		match_interface(nft, ruleset, NFT_META_OIFNAME, NFT_CMP_NEQ);
		match_family(nft, family);
		load_source(nft, family, 0);
		nft_lookup(nft, named("containers", family, "").text, 0, false);
		nft_masquerade(nft);
		nft_rule_end(nft);
	}
}

void ruleset_delete(struct ruleset *ruleset, struct nft *nft)
{
	memset(ruleset->balancers, 0, sizeof(ruleset->balancers));
	/* A table that does not exist can't be deleted. */
	nft_add_table(nft, ruleset->instance);
	nft_delete_table(nft);
}

void ruleset_reset(struct ruleset *ruleset, struct nft *nft)
{
	ruleset_delete(ruleset, nft);
	nft_add_table(nft, ruleset->instance);
	add_sets(nft);
	add_sources(ruleset, nft);
	add_refusal(nft);
	add_to_host(ruleset, nft);
	add_input(ruleset, nft);
	add_forward(ruleset, nft);
	add_output(ruleset, nft);
	add_translation(ruleset, nft);
	add_sources_translation(ruleset, nft);
}

/* Elements. */

static void change(struct nft *nft, bool adds, struct name set, const struct nft_element *element)
{
	if (adds)
		nft_add_element(nft, set.text, element);
	else
		nft_delete_element(nft, set.text, element);
}

static void change_address(struct nft *nft, bool adds, struct name set,
			   const struct ip_address *address)
{
	const struct nft_element element = { .key = address->bytes, .key_length = address->length };

	change(nft, adds, set, &element);
}

void ruleset_network(struct nft *nft, const struct ip_address gateways[2], bool adds)
{
	for (size_t family = 0; family < 2; family++) {
		if (gateways[family].length > 0)
			change_address(nft, adds, named("resolvers", family, ""),
				       &gateways[family]);
	}
}

static struct name members_of(size_t family, const char *group)
{
	struct name name;

	(void)snprintf(name.text, sizeof(name.text), "members%s/%s", family == 0 ? "4" : "6",
		       group);
	return name;
}

void ruleset_group(struct nft *nft, const char *name, bool adds)
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

static struct name chain_of(const char *policy)
{
	struct name name;

	(void)snprintf(name.text, sizeof(name.text), "from/%s", policy);
	return name;
}

static struct name set_of(const char *policy, size_t number)
{
	struct name name;

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

static void add_ranges(struct nft *nft, struct name set, const struct policy_rule *rule)
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
	struct name chain = chain_of(policy->name);
	struct name set = set_of(policy->name, number + 1);
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
		allow(nft);
	else
		go(nft, NFT_GOTO, "refuse");
}

void ruleset_policy(struct nft *nft, const struct policy *policy, bool replaces, size_t old_sets)
{
	struct name chain = chain_of(policy->name);

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
			allow(nft);
		}
	}
	for (size_t i = 0; i < policy->before_peers && i < policy->rule_count; i++)
		add_rule(nft, policy, i);
	for (size_t family = 0; family < 2; family++) {
		nft_rule_begin(nft, chain.text);
		match_family(nft, family);
		load_original(nft, family, 0);
		nft_lookup(nft, named("containers", family, "").text, 0, false);
		go(nft, NFT_GOTO, "refuse");
	}
	for (size_t i = policy->before_peers; i < policy->rule_count; i++)
		add_rule(nft, policy, i);
	nft_rule_begin(nft, chain.text);
	if (policy->open)
		allow(nft);
	else
		go(nft, NFT_GOTO, "refuse");
}

void ruleset_policy_remove(struct nft *nft, const char *name, size_t sets)
{
	struct name chain = chain_of(name);

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

	change(nft, adds, named("leases", family, ""), &element);
	element.key_length = 16;
	element.data = gateway->bytes;
	element.data_length = gateway->length;
	change(nft, adds, named("gateways", family, ""), &element);
	memcpy(pair, address->bytes, address->length);
	memcpy(pair + address->length, address->bytes, address->length);
	element = (struct nft_element){ .key = pair, .key_length = 2U * (size_t)address->length };
	change(nft, adds, named("self", family, ""), &element);
	change_address(nft, adds, named("containers", family, ""), address);
	for (size_t i = 0; i < attachment->group_count; i++)
		change_address(nft, adds, members_of(family, attachment->groups[i]), address);
}

void ruleset_attach(struct nft *nft, const struct attachment *attachment, bool adds)
{
	struct name chain = chain_of(attachment->policy);
	struct interface_key key = key_of(attachment->interface, NULL, 0);
	struct nft_element element = { .key = key.bytes, .key_length = 16, .chain = chain.text };

	change(nft, adds, (struct name){ "policies" }, &element);
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
		change(nft, adds, named("host-services", service->length == 16, ""), &element);
	}
}

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
	change(nft, adds, named("backends", port->length == 16, is_any(port) ? "-any" : ""),
	       &element);
}

static struct name balancer_of(size_t kind, size_t count)
{
	struct name name;

	(void)snprintf(name.text, sizeof(name.text), "balance%s%s-%zu", kind < 2 ? "4" : "6",
		       kind % 2 == 1 ? "-any" : "", count);
	return name;
}

/* A chain that leads to one of `count` backends. */
static void add_balancer(struct ruleset *ruleset, struct nft *nft, size_t kind, size_t count)
{
	size_t family = kind / 2;
	struct name chain = balancer_of(kind, count);
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
	nft_lookup_data(nft, named("backends", family, kind % 2 == 1 ? "-any" : "").text, 0, 0);
	nft_nat(nft, NFT_NAT_DNAT, families[family], 0, (int)registers_of(family));
	nft_rule_end(nft);
}

static bool same(const struct published_port *port, const struct backend *a,
		 const struct backend *b)
{
	return a->port == b->port && memcmp(a->address, b->address, port->length) == 0;
}

void ruleset_publish(struct ruleset *ruleset, struct nft *nft, const struct published_port *port,
		     bool was_published, bool is_published, const struct backend *before,
		     size_t before_count, const struct backend *after, size_t after_count)
{
	size_t kind = (port->length == 16 ? 2U : 0U) + (is_any(port) ? 1U : 0U);
	size_t family = port->length == 16;
	const char *any = is_any(port) ? "-any" : "";
	struct port_key key = port_key_of(port);
	struct nft_element element = { .key = key.bytes, .key_length = key.length };
	struct name chain;

	if (was_published != is_published)
		change(nft, is_published, named("published", family, any), &element);
	if (before_count != after_count && before_count > 0) {
		chain = balancer_of(kind, before_count);
		element.chain = chain.text;
		change(nft, false, named("ports", family, any), &element);
	}
	for (size_t i = 0; i < before_count; i++) {
		if (i >= after_count || !same(port, &before[i], &after[i]))
			change_backend(nft, port, (uint32_t)i, &before[i], false);
	}
	for (size_t i = 0; i < after_count; i++) {
		if (i >= before_count || !same(port, &before[i], &after[i]))
			change_backend(nft, port, (uint32_t)i, &after[i], true);
	}
	if (before_count != after_count && after_count > 0) {
		add_balancer(ruleset, nft, kind, after_count);
		chain = balancer_of(kind, after_count);
		element.chain = chain.text;
		change(nft, true, named("ports", family, any), &element);
	}
}
