/* Transactions of nf_tables: tables, chains, sets, elements and rules, as netlink messages
 * (linux/netfilter/nf_tables.h). No nft(8) is needed. Rules are lists of expressions that work on
 * registers: each part of a key takes whole registers of 4 bytes, counted here from 0. */
#ifndef NUCLEUS_NFTABLES_H
#define NUCLEUS_NFTABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/netlink.h"

struct nft {
	struct netlink_batch batch;
	const char *table;
	size_t rule;
	uint32_t next_set; /* sets are numbered within a transaction */
};

/* Starts a transaction on a table of the family inet. */
void nft_begin(struct nft *nft, const char *table);
/* Sends it: all of it takes effect, or nothing. Frees it. 0, or a negative errno. */
int nft_commit(struct nft *nft, int fd);
void nft_free(struct nft *nft);

void nft_add_table(struct nft *nft, const char *comment);
void nft_delete_table(struct nft *nft);

/* Types of keys and data, as nft(8) numbers and prints them. */
enum nft_type {
	NFT_TYPE_IPV4 = 7,
	NFT_TYPE_IPV6 = 8,
	NFT_TYPE_PROTOCOL = 12,
	NFT_TYPE_SERVICE = 13,
	NFT_TYPE_MARK = 19, /* any number of 4 bytes */
	NFT_TYPE_IFNAME = 41,
};

/* A key or data of several types, each in whole registers. */
struct nft_types {
	uint8_t types[4];
	size_t count;
};

enum nft_set_kind { NFT_PLAIN_SET, NFT_INTERVALS, NFT_VERDICT_MAP, NFT_MAP, NFT_COUNTERS };

struct nft_set {
	const char *name;
	struct nft_types key;
	struct nft_types data; /* of an NFT_MAP */
	enum nft_set_kind kind;
	uint32_t size;    /* of NFT_COUNTERS: the most elements */
	uint32_t seconds; /* of NFT_COUNTERS: until an element is dropped */
};

void nft_add_set(struct nft *nft, const struct nft_set *set);
void nft_delete_set(struct nft *nft, const char *name);

/* Elements: add or delete. `verdict`: name of the chain to go to. */
struct nft_element {
	const uint8_t *key;
	size_t key_length;
	const uint8_t *data;
	size_t data_length;
	const char *chain;
	bool interval_end; /* the first key after an interval */
};

void nft_add_element(struct nft *nft, const char *set, const struct nft_element *element);
void nft_delete_element(struct nft *nft, const char *set, const struct nft_element *element);
/* Many elements of one set, in as few messages as possible. */
void nft_add_elements(struct nft *nft, const char *set, const struct nft_element *elements,
		      size_t count);

void nft_add_chain(struct nft *nft, const char *name);
/* A chain of a hook. `type`: filter or nat. */
void nft_add_base_chain(struct nft *nft, const char *name, const char *type, uint32_t hook,
			int32_t priority);
void nft_flush_chain(struct nft *nft, const char *name);
void nft_delete_chain(struct nft *nft, const char *name);

void nft_rule_begin(struct nft *nft, const char *chain);
void nft_rule_end(struct nft *nft);

/* Expressions. `at`: first register. */
void nft_meta(struct nft *nft, uint32_t key, unsigned int at);
void nft_compare(struct nft *nft, uint32_t operation, unsigned int at, const void *data,
		 size_t length);
void nft_range(struct nft *nft, unsigned int at, const void *from, const void *to, size_t length);
void nft_mask(struct nft *nft, unsigned int at, const uint8_t *mask, size_t length);
void nft_payload(struct nft *nft, uint32_t base, uint32_t offset, uint32_t length, unsigned int at);
/* `direction`: 0 original, 1 reply, -1 none. */
void nft_conntrack(struct nft *nft, uint32_t key, int direction, unsigned int at);
void nft_lookup(struct nft *nft, const char *set, unsigned int at, bool inverted);
void nft_lookup_data(struct nft *nft, const char *map, unsigned int at, unsigned int into);
void nft_lookup_verdict(struct nft *nft, const char *map, unsigned int at);
void nft_address_type(struct nft *nft, unsigned int at);
void nft_random(struct nft *nft, uint32_t modulus, unsigned int at);
/* Adds the key in `at` to a set of counters, or counts its element. */
void nft_count(struct nft *nft, const char *set, unsigned int at);
/* `verdict`: NF_ACCEPT, NF_DROP, NFT_GOTO, NFT_JUMP; `chain` of the last two, else NULL. */
void nft_verdict(struct nft *nft, int verdict, const char *chain);
void nft_reject(struct nft *nft, uint32_t type, uint8_t code);
/* Registers of the new address and port; -1: it stays. */
void nft_nat(struct nft *nft, uint32_t type, uint32_t family, int address, int port);
/* The source becomes the outgoing interface's address. Registers of the first and the last port
 * that the source port may become; -1: any. */
void nft_masquerade(struct nft *nft, int first_port, int last_port);
/* Loads a constant. */
void nft_load(struct nft *nft, unsigned int at, const void *data, size_t length);

#endif
