#include "net/rule_parts.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#define DENIED_MAX 4096     /* destinations remembered */
#define DENIED_SECONDS 3600 /* since their last attempt */
#define OFFSET_IP4_SOURCE 12
#define OFFSET_IP4_DESTINATION 16
#define OFFSET_IP6_SOURCE 8
#define OFFSET_IP6_DESTINATION 24

const uint8_t nft_families[2] = { NFPROTO_IPV4, NFPROTO_IPV6 };
const uint8_t address_lengths[2] = { 4, 16 };

struct nft_types types_of(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	struct nft_types types = { { a, b, c, d }, 0 };

	while (types.count < 4 && types.types[types.count] != 0)
		types.count++;
	return types;
}

uint8_t address_type(size_t family)
{
	return family == 0 ? NFT_TYPE_IPV4 : NFT_TYPE_IPV6;
}

struct object_name name_of(const char *base, size_t family, const char *rest)
{
	struct object_name name;

	(void)snprintf(name.text, sizeof(name.text), "%s%s%s", base, family == 0 ? "4" : "6", rest);
	return name;
}

void add_set(struct nft *nft, enum nft_set_kind kind, struct object_name name, struct nft_types key,
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

void match_family(struct nft *nft, size_t family)
{
	nft_meta(nft, NFT_META_NFPROTO, 0);
	nft_compare(nft, NFT_CMP_EQ, 0, &nft_families[family], 1);
}

void match_protocol(struct nft *nft, uint8_t protocol)
{
	nft_meta(nft, NFT_META_L4PROTO, 0);
	nft_compare(nft, NFT_CMP_EQ, 0, &protocol, 1);
}

void match_interface(struct nft *nft, const char *prefix, uint32_t key, uint32_t operation)
{
	nft_meta(nft, key, 0);
	nft_compare(nft, operation, 0, prefix, strlen(prefix));
}

void match_state(struct nft *nft, uint32_t bits)
{
	static const uint32_t zero;

	nft_conntrack(nft, NFT_CT_STATE, -1, 0);
	nft_mask(nft, 0, (const uint8_t *)&bits, sizeof(bits));
	nft_compare(nft, NFT_CMP_NEQ, 0, &zero, sizeof(zero));
}

void match_port(struct nft *nft, uint16_t offset, uint16_t port)
{
	uint16_t encoded = htons(port);

	nft_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(encoded), 0);
	nft_compare(nft, NFT_CMP_EQ, 0, &encoded, sizeof(encoded));
}

void load_source(struct nft *nft, size_t family, unsigned int at)
{
	nft_payload(nft, NFT_PAYLOAD_NETWORK_HEADER,
		    family == 0 ? OFFSET_IP4_SOURCE : OFFSET_IP6_SOURCE, address_lengths[family],
		    at);
}

void load_destination(struct nft *nft, size_t family, unsigned int at)
{
	nft_payload(nft, NFT_PAYLOAD_NETWORK_HEADER,
		    family == 0 ? OFFSET_IP4_DESTINATION : OFFSET_IP6_DESTINATION,
		    address_lengths[family], at);
}

void load_original(struct nft *nft, size_t family, unsigned int at)
{
	nft_conntrack(nft, family == 0 ? NFT_CT_DST_IP : NFT_CT_DST_IP6, 0, at);
}

void match_loopback(struct nft *nft, bool source)
{
	static const uint8_t mask[4] = { 0xff, 0, 0, 0 };
	static const uint8_t loopback[4] = { 127, 0, 0, 0 };

	match_family(nft, 0);
	if (source)
		load_source(nft, 0, 0);
	else
		load_destination(nft, 0, 0);
	nft_mask(nft, 0, mask, sizeof(mask));
	nft_compare(nft, NFT_CMP_EQ, 0, loopback, sizeof(loopback));
}

unsigned int registers_of(size_t family)
{
	return address_lengths[family] / 4U;
}

void load_service(struct nft *nft, unsigned int at)
{
	nft_meta(nft, NFT_META_L4PROTO, at);
	nft_payload(nft, NFT_PAYLOAD_TRANSPORT_HEADER, OFFSET_DESTINATION_PORT, 2, at + 1);
}

void accept_packet(struct nft *nft)
{
	nft_verdict(nft, NF_ACCEPT, NULL);
	nft_rule_end(nft);
}

void drop_packet(struct nft *nft)
{
	nft_verdict(nft, NF_DROP, NULL);
	nft_rule_end(nft);
}

void go_to(struct nft *nft, const char *chain)
{
	nft_verdict(nft, NFT_GOTO, chain);
	nft_rule_end(nft);
}

void change_element(struct nft *nft, bool adds, struct object_name set,
		    const struct nft_element *element)
{
	if (adds)
		nft_add_element(nft, set.text, element);
	else
		nft_delete_element(nft, set.text, element);
}

void change_address(struct nft *nft, bool adds, struct object_name set,
		    const struct ip_address *address)
{
	const struct nft_element element = { .key = address->bytes, .key_length = address->length };

	change_element(nft, adds, set, &element);
}
