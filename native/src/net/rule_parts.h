/* What the rules of a manager's networks consist of: matches, and the elements of sets. Both
 * address families are handled alike: `family` is 0 for IPv4 and 1 for IPv6. */
#ifndef NUCLEUS_RULE_PARTS_H
#define NUCLEUS_RULE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/links.h"
#include "net/nftables.h"

#define CT_STATE_INVALID 1U /* bits of NFT_CT_STATE (nf_tables, NF_CT_STATE_BIT) */
#define CT_STATE_ESTABLISHED 2U
#define CT_STATE_RELATED 4U
#define CT_STATE_UNTRACKED 64U
#define OFFSET_DESTINATION_PORT 2
/* The registers of keys: an interface name takes four. */
#define AFTER_NAME 4

extern const uint8_t nft_families[2];
extern const uint8_t address_lengths[2];

/* A name of a set or chain. */
struct object_name {
	char text[250];
};

/* `base`, 4 or 6, and `rest`. */
struct object_name name_of(const char *base, size_t family, const char *rest);

/* A key of up to four parts; 0: no more. */
struct nft_types types_of(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
uint8_t address_type(size_t family);
unsigned int registers_of(size_t family);
void add_set(struct nft *nft, enum nft_set_kind kind, struct object_name name, struct nft_types key,
	     struct nft_types data);

/* Matches: a packet that doesn't match leaves the rule. */
void match_family(struct nft *nft, size_t family);
void match_protocol(struct nft *nft, uint8_t protocol);
/* `key`: NFT_META_IIFNAME or NFT_META_OIFNAME; `operation`: NFT_CMP_*. */
void match_interface(struct nft *nft, const char *prefix, uint32_t key, uint32_t operation);
void match_state(struct nft *nft, uint32_t bits);
void match_port(struct nft *nft, uint16_t offset, uint16_t port);
/* 127.0.0.0/8, as the source or the destination. */
void match_loopback(struct nft *nft, bool source);

void load_source(struct nft *nft, size_t family, unsigned int at);
void load_destination(struct nft *nft, size_t family, unsigned int at);
/* The destination that the connection was made to, before it was translated. */
void load_original(struct nft *nft, size_t family, unsigned int at);
/* protocol . destination port */
void load_service(struct nft *nft, unsigned int at);

/* Verdicts, which end the rule. */
void accept_packet(struct nft *nft);
void drop_packet(struct nft *nft);
void go_to(struct nft *nft, const char *chain);

/* Adds or deletes an element. */
void change_element(struct nft *nft, bool adds, struct object_name set,
		    const struct nft_element *element);
void change_address(struct nft *nft, bool adds, struct object_name set,
		    const struct ip_address *address);

#endif
