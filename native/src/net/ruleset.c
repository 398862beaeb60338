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
#include <string.h>

#include "net/rule_parts.h"

#define HOOK_PREROUTING 0
#define HOOK_INPUT 1
#define HOOK_FORWARD 2
#define HOOK_OUTPUT 3
#define HOOK_POSTROUTING 4
#define OFFSET_TCP_FLAGS 13
#define TCP_RST 4

static void add_container_sets(struct nft *nft, size_t family)
{
	const struct nft_types none = { { 0 }, 0 };
	uint8_t address = address_type(family);
	struct nft_types service = types_of(NFT_TYPE_IFNAME, address, NFT_TYPE_PROTOCOL,
					    NFT_TYPE_SERVICE);

	add_set(nft, NFT_PLAIN_SET, name_of("leases", family, ""),
		types_of(NFT_TYPE_IFNAME, address, 0, 0), none);
	add_set(nft, NFT_PLAIN_SET, name_of("containers", family, ""), types_of(address, 0, 0, 0),
		none);
	add_set(nft, NFT_PLAIN_SET, name_of("self", family, ""), types_of(address, address, 0, 0),
		none);
	add_set(nft, NFT_PLAIN_SET, name_of("resolvers", family, ""), types_of(address, 0, 0, 0),
		none);
	add_set(nft, NFT_PLAIN_SET, name_of("host-services", family, ""), service, none);
	add_set(nft, NFT_COUNTERS, name_of("denied", family, ""), service, none);
	add_set(nft, NFT_MAP, name_of("gateways", family, ""), types_of(NFT_TYPE_IFNAME, 0, 0, 0),
		types_of(address, 0, 0, 0));
}

/* The sets of ports that are published at one address, and those at any. */
static void add_port_sets(struct nft *nft, size_t family)
{
	const struct nft_types none = { { 0 }, 0 };
	uint8_t address = address_type(family);
	struct nft_types ports = types_of(address, NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE, 0);
	struct nft_types backend = types_of(address, NFT_TYPE_SERVICE, 0, 0);

	add_set(nft, NFT_PLAIN_SET, name_of("published", family, ""), ports, none);
	add_set(nft, NFT_VERDICT_MAP, name_of("ports", family, ""), ports, none);
	add_set(nft, NFT_MAP, name_of("backends", family, ""),
		types_of(address, NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE, NFT_TYPE_MARK), backend);
	ports = types_of(NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE, 0, 0);
	add_set(nft, NFT_PLAIN_SET, name_of("published", family, "-any"), ports, none);
	add_set(nft, NFT_VERDICT_MAP, name_of("ports", family, "-any"), ports, none);
	add_set(nft, NFT_MAP, name_of("backends", family, "-any"),
		types_of(NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE, NFT_TYPE_MARK, 0), backend);
}

static void add_sets(struct nft *nft)
{
	const struct nft_set policies = { .name = "policies",
					  .key = types_of(NFT_TYPE_IFNAME, 0, 0, 0),
					  .kind = NFT_VERDICT_MAP };

	nft_add_set(nft, &policies);
	for (size_t family = 0; family < 2; family++) {
		add_container_sets(nft, family);
		add_port_sets(nft, family);
	}
}

/* Only addresses that an interface was leased may come from it; and none for the host's loopback
 * interface, which route_localnet would let in (CVE-2020-8558). */
static void add_sources(const struct ruleset *ruleset, struct nft *nft)
{
	nft_add_base_chain(nft, "sources", "filter", HOOK_PREROUTING, NF_IP_PRI_RAW);
	/* From anywhere but the host itself: published ports are translated before the kernel could
	 * refuse the address (moby#45610). */
	nft_rule_begin(nft, "sources");
	nft_meta(nft, NFT_META_IIFNAME, 0);
	nft_compare(nft, NFT_CMP_NEQ, 0, "lo", sizeof("lo"));
	match_loopback(nft, false);
	drop_packet(nft);
	for (size_t family = 0; family < 2; family++) {
		nft_rule_begin(nft, "sources");
		match_interface(nft, ruleset->prefix, NFT_META_IIFNAME, NFT_CMP_EQ);
		match_family(nft, family);
		nft_meta(nft, NFT_META_IIFNAME, 0);
		load_source(nft, family, AFTER_NAME);
		nft_lookup(nft, name_of("leases", family, "").text, 0, true);
		drop_packet(nft);
		/* Nor do others have a container's address. */
		nft_rule_begin(nft, "sources");
		match_interface(nft, ruleset->prefix, NFT_META_IIFNAME, NFT_CMP_NEQ);
		match_family(nft, family);
		load_source(nft, family, 0);
		nft_lookup(nft, name_of("containers", family, "").text, 0, false);
		drop_packet(nft);
	}
}

static void add_refusal(const struct ruleset *ruleset, struct nft *nft)
{
	nft_add_chain(nft, "refuse");
	for (size_t family = 0; family < 2; family++) {
		unsigned int after = AFTER_NAME + registers_of(family);

		nft_rule_begin(nft, "refuse");
		match_interface(nft, ruleset->prefix, NFT_META_IIFNAME, NFT_CMP_EQ);
		match_family(nft, family);
		nft_meta(nft, NFT_META_IIFNAME, 0);
		load_original(nft, family, AFTER_NAME);
		nft_meta(nft, NFT_META_L4PROTO, after);
		nft_conntrack(nft, NFT_CT_PROTO_DST, 0, after + 1);
		nft_count(nft, name_of("denied", family, "").text, 0);
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

/* Errors about connections, such as "fragmentation needed" (ICMP). The kernel compares only their
 * destination with the connection: one from a container must be sent by a party of it, or any
 * container could end or slow down connections of others, and send data to whom it may not. */
static void accept_related(const struct ruleset *ruleset, struct nft *nft, const char *chain)
{
	static const int directions[2] = { IP_CT_DIR_ORIGINAL, IP_CT_DIR_REPLY };
	static const uint8_t protocols[2] = { IPPROTO_ICMP, IPPROTO_ICMPV6 };

	nft_rule_begin(nft, chain);
	match_interface(nft, ruleset->prefix, NFT_META_IIFNAME, NFT_CMP_NEQ);
	match_state(nft, CT_STATE_RELATED);
	accept_packet(nft);
	for (size_t i = 0; i < 4; i++) {
		size_t family = i / 2;

		nft_rule_begin(nft, chain);
		match_state(nft, CT_STATE_RELATED);
		match_family(nft, family);
		match_protocol(nft, protocols[family]);
		load_source(nft, family, 0);
		nft_conntrack(nft, family == 0 ? NFT_CT_SRC_IP : NFT_CT_SRC_IP6, directions[i % 2],
			      registers_of(family));
		nft_lookup(nft, name_of("self", family, "").text, 0, false);
		accept_packet(nft);
	}
	nft_rule_begin(nft, chain);
	match_state(nft, CT_STATE_RELATED);
	drop_packet(nft);
}

static void accept_replies(const struct ruleset *ruleset, struct nft *nft, const char *chain)
{
	static const uint8_t reply = IP_CT_DIR_REPLY;

	/* Only replies are accepted by state; the initiator's packets are checked each time, so
	 * that tightening a policy ends what it no longer allows. */
	nft_rule_begin(nft, chain);
	nft_conntrack(nft, NFT_CT_DIRECTION, -1, 0);
	nft_compare(nft, NFT_CMP_EQ, 0, &reply, 1);
	match_state(nft, CT_STATE_ESTABLISHED);
	accept_packet(nft);
	accept_related(ruleset, nft, chain);
	/* Without a tracked connection no rule about its destination would match, refusals neither.
	 */
	nft_rule_begin(nft, chain);
	match_interface(nft, ruleset->prefix, NFT_META_IIFNAME, NFT_CMP_EQ);
	match_state(nft, CT_STATE_INVALID | CT_STATE_UNTRACKED);
	drop_packet(nft);
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
	match_interface(nft, ruleset->prefix, NFT_META_IIFNAME, NFT_CMP_EQ);
	drop_packet(nft);
	/* From outside only to published ports. */
	nft_rule_begin(nft, "forward");
	match_interface(nft, ruleset->prefix, NFT_META_OIFNAME, NFT_CMP_EQ);
	nft_conntrack(nft, NFT_CT_STATUS, -1, 0);
	nft_mask(nft, 0, (const uint8_t *)&translated, sizeof(translated));
	nft_compare(nft, NFT_CMP_NEQ, 0, &zero, sizeof(zero));
	accept_packet(nft);
	nft_rule_begin(nft, "forward");
	match_interface(nft, ruleset->prefix, NFT_META_OIFNAME, NFT_CMP_EQ);
	go_to(nft, "refuse");
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
		struct object_name resolvers = name_of("resolvers", family, "");

		for (size_t i = 0; i < 2; i++) {
			nft_rule_begin(nft, "to-host");
			match_family(nft, family);
			match_protocol(nft, transports[i]);
			match_port(nft, OFFSET_DESTINATION_PORT, RESOLVER_PORT);
			load_destination(nft, family, 0);
			nft_lookup(nft, resolvers.text, 0, false);
			accept_packet(nft);
		}
		nft_rule_begin(nft, "to-host");
		match_protocol(nft, protocols[family]);
		nft_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 0);
		nft_compare(nft, NFT_CMP_EQ, 0, &echo[family], 1);
		load_destination(nft, family, 0);
		nft_lookup(nft, resolvers.text, 0, false);
		accept_packet(nft);
		nft_rule_begin(nft, "to-host");
		match_family(nft, family);
		nft_meta(nft, NFT_META_IIFNAME, 0);
		load_destination(nft, family, AFTER_NAME);
		load_service(nft, AFTER_NAME + registers_of(family));
		nft_lookup(nft, name_of("host-services", family, "").text, 0, false);
		accept_packet(nft);
	}
	nft_rule_begin(nft, "to-host");
	go_to(nft, "refuse");
}

static void reject_unserved(struct nft *nft)
{
	nft_reject(nft, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH);
	nft_rule_end(nft);
}

/* A packet for a published port that reaches the host itself: the port has no backend. */
static void add_input(const struct ruleset *ruleset, struct nft *nft)
{
	nft_add_base_chain(nft, "input", "filter", HOOK_INPUT, NF_IP_PRI_FILTER);
	nft_rule_begin(nft, "input");
	match_interface(nft, ruleset->prefix, NFT_META_IIFNAME, NFT_CMP_EQ);
	go_to(nft, "to-host");
	for (size_t family = 0; family < 2; family++) {
		/* The resolver is for containers. */
		nft_rule_begin(nft, "input");
		nft_meta(nft, NFT_META_IIFNAME, 0);
		nft_compare(nft, NFT_CMP_NEQ, 0, "lo", sizeof("lo"));
		match_family(nft, family);
		match_port(nft, OFFSET_DESTINATION_PORT, RESOLVER_PORT);
		load_destination(nft, family, 0);
		nft_lookup(nft, name_of("resolvers", family, "").text, 0, false);
		drop_packet(nft);
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
		nft_lookup(nft, name_of("published", family, "").text, 0, false);
		go_to(nft, "unserved");
		nft_rule_begin(nft, "input");
		match_family(nft, family);
		load_service(nft, 0);
		nft_lookup(nft, name_of("published", family, "-any").text, 0, false);
		go_to(nft, "unserved");
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
		match_interface(nft, ruleset->prefix, NFT_META_OIFNAME, NFT_CMP_EQ);
		match_protocol(nft, protocols[family]);
		nft_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, 0);
		nft_compare(nft, NFT_CMP_EQ, 0, unreachable[family], 2);
		drop_packet(nft);
	}
	nft_rule_begin(nft, "output");
	match_interface(nft, ruleset->prefix, NFT_META_OIFNAME, NFT_CMP_EQ);
	match_protocol(nft, IPPROTO_TCP);
	match_port(nft, 0, RESOLVER_PORT);
	nft_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, OFFSET_TCP_FLAGS, 1, 0);
	nft_mask(nft, 0, &reset, 1);
	nft_compare(nft, NFT_CMP_NEQ, 0, &zero, 1);
	drop_packet(nft);
}

/* Published ports to their backends. */
static void add_publish(struct nft *nft)
{
	static const uint32_t local = RTN_LOCAL;

	nft_add_chain(nft, "publish");
	for (size_t family = 0; family < 2; family++) {
		nft_rule_begin(nft, "publish");
		match_family(nft, family);
		load_destination(nft, family, 0);
		load_service(nft, registers_of(family));
		nft_lookup_verdict(nft, name_of("ports", family, "").text, 0);
		nft_rule_end(nft);
		nft_rule_begin(nft, "publish");
		match_family(nft, family);
		nft_address_type(nft, 0);
		nft_compare(nft, NFT_CMP_EQ, 0, &local, sizeof(local));
		load_service(nft, 0);
		nft_lookup_verdict(nft, name_of("ports", family, "-any").text, 0);
		nft_rule_end(nft);
	}
}

/* DNS queries to the resolver's port. */
static void add_resolver_translation(const struct ruleset *ruleset, struct nft *nft)
{
	static const uint8_t protocols[2] = { IPPROTO_UDP, IPPROTO_TCP };
	const uint16_t resolver = htons(RESOLVER_PORT);

	for (size_t i = 0; i < 4; i++) {
		size_t family = i / 2;

		nft_rule_begin(nft, "translate");
		match_interface(nft, ruleset->prefix, NFT_META_IIFNAME, NFT_CMP_EQ);
		match_family(nft, family);
		match_protocol(nft, protocols[i % 2]);
		match_port(nft, OFFSET_DESTINATION_PORT, 53);
		load_destination(nft, family, 0);
		nft_lookup(nft, name_of("resolvers", family, "").text, 0, false);
		nft_load(nft, 0, &resolver, sizeof(resolver));
		/* The address stays: the interface has none of its own to redirect to. */
		nft_nat(nft, NFT_NAT_DNAT, nft_families[family], -1, 0);
		nft_rule_end(nft);
	}
}

/* DNAT, for clients on other hosts and on this one. */
static void add_translation(const struct ruleset *ruleset, struct nft *nft)
{
	add_publish(nft);
	nft_add_base_chain(nft, "translate", "nat", HOOK_PREROUTING, NF_IP_PRI_NAT_DST);
	add_resolver_translation(ruleset, nft);
	nft_rule_begin(nft, "translate");
	go_to(nft, "publish");
	nft_add_base_chain(nft, "translate-own", "nat", HOOK_OUTPUT, NF_IP_PRI_NAT_DST);
	nft_rule_begin(nft, "translate-own");
	go_to(nft, "publish");
}

/* Rewrites the source to the gateway's address on the outgoing interface. */
static void translate_to_gateway(struct nft *nft, size_t family)
{
	nft_meta(nft, NFT_META_OIFNAME, 0);
	nft_lookup_data(nft, name_of("gateways", family, "").text, 0, 0);
	nft_nat(nft, NFT_NAT_SNAT, nft_families[family], 0, -1);
	nft_rule_end(nft);
}

/* Connections of containers that leave the host get its address. `protocol` 0: any. */
static void masquerade(const struct ruleset *ruleset, struct nft *nft, size_t family,
		       uint8_t protocol)
{
	const uint16_t first = htons(MASQUERADE_FIRST_PORT);
	const uint16_t last = htons(MASQUERADE_LAST_PORT);

	nft_rule_begin(nft, "translate-sources");
	match_interface(nft, ruleset->prefix, NFT_META_OIFNAME, NFT_CMP_NEQ);
	match_family(nft, family);
	if (protocol != 0)
		match_protocol(nft, protocol);
	load_source(nft, family, 0);
	nft_lookup(nft, name_of("containers", family, "").text, 0, false);
	if (protocol == 0) {
		nft_masquerade(nft, -1, -1);
	} else {
		nft_load(nft, 0, &first, sizeof(first));
		nft_load(nft, 1, &last, sizeof(last));
		nft_masquerade(nft, 0, 1);
	}
	nft_rule_end(nft);
}

static void add_source_translation(const struct ruleset *ruleset, struct nft *nft)
{
	nft_add_base_chain(nft, "translate-sources", "nat", HOOK_POSTROUTING, NF_IP_PRI_NAT_SRC);
	/* The host's loopback address means nothing in a container. */
	nft_rule_begin(nft, "translate-sources");
	match_interface(nft, ruleset->prefix, NFT_META_OIFNAME, NFT_CMP_EQ);
	match_loopback(nft, true);
	translate_to_gateway(nft, 0);
	for (size_t family = 0; family < 2; family++) {
		/* A container that reaches itself by a published port. */
		nft_rule_begin(nft, "translate-sources");
		match_interface(nft, ruleset->prefix, NFT_META_OIFNAME, NFT_CMP_EQ);
		match_family(nft, family);
		load_source(nft, family, 0);
		load_destination(nft, family, registers_of(family));
		nft_lookup(nft, name_of("self", family, "").text, 0, false);
		translate_to_gateway(nft, family);
		masquerade(ruleset, nft, family, IPPROTO_TCP);
		masquerade(ruleset, nft, family, IPPROTO_UDP);
		masquerade(ruleset, nft, family, 0);
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
	add_refusal(ruleset, nft);
	add_to_host(ruleset, nft);
	add_input(ruleset, nft);
	add_forward(ruleset, nft);
	add_output(ruleset, nft);
	add_translation(ruleset, nft);
	add_source_translation(ruleset, nft);
}

void ruleset_network(struct nft *nft, const struct ip_address gateways[2], bool adds)
{
	for (size_t family = 0; family < 2; family++) {
		if (gateways[family].length > 0)
			change_address(nft, adds, name_of("resolvers", family, ""),
				       &gateways[family]);
	}
}
