#include "net/nftables.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define TYPE_BITS 6         /* of each part of a concatenated type (nftables, datatype.h) */
#define ELEMENTS_MAX 60000U /* bytes of elements in one message, whose length has 16 bits */
#define NFT_TYPE_VERDICT 0xffffff00U
#define FAMILY NFPROTO_INET

static void begin(struct nft *nft, uint16_t message, uint16_t flags)
{
	nfnetlink_begin(&nft->batch, NFNL_SUBSYS_NFTABLES, (uint8_t)message, FAMILY, flags);
}

static void mark_batch(struct nft *nft, uint16_t type)
{
	const struct nfgenmsg header = { .nfgen_family = AF_UNSPEC,
					 .version = NFNETLINK_V0,
					 .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	netlink_begin(&nft->batch, type, 0, &header, sizeof(header));
	netlink_end(&nft->batch);
}

void nft_begin(struct nft *nft, const char *table)
{
	*nft = (struct nft){ .table = table };
	mark_batch(nft, NFNL_MSG_BATCH_BEGIN);
}

int nft_commit(struct nft *nft, int fd)
{
	uint32_t last = nft->batch.sequence;
	int result = 0;

	if (last > 1) {
		netlink_acknowledge(&nft->batch);
		mark_batch(nft, NFNL_MSG_BATCH_END);
		result = netlink_send(fd, &nft->batch, last);
	}
	nft_free(nft);
	return result;
}

void nft_free(struct nft *nft)
{
	netlink_batch_free(&nft->batch);
}

/* A comment as nft(8) stores and prints it: type 0, length, text with its NUL. */
static void put_comment(struct nft *nft, uint16_t attribute, const char *text)
{
	uint8_t data[2 + 128] = { 0 };
	size_t length = strnlen(text, 127) + 1;

	data[1] = (uint8_t)length;
	memcpy(data + 2, text, length - 1);
	netlink_put(&nft->batch, attribute, data, 2 + length);
}

void nft_add_table(struct nft *nft, const char *comment)
{
	begin(nft, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	netlink_put_string(&nft->batch, NFTA_TABLE_NAME, nft->table);
	put_comment(nft, NFTA_TABLE_USERDATA, comment);
	netlink_end(&nft->batch);
}

void nft_delete_table(struct nft *nft)
{
	begin(nft, NFT_MSG_DELTABLE, 0);
	netlink_put_string(&nft->batch, NFTA_TABLE_NAME, nft->table);
	netlink_end(&nft->batch);
}

static uint32_t size_of(uint8_t type)
{
	switch (type) {
	case NFT_TYPE_IPV6:
	case NFT_TYPE_IFNAME:
		return 16;
	case NFT_TYPE_PROTOCOL:
		return 1;
	case NFT_TYPE_SERVICE:
		return 2;
	default:
		return 4;
	}
}

static uint32_t padded(uint32_t size)
{
	return (size + 3U) / 4U * 4U;
}

static uint32_t number_of(const struct nft_types *types)
{
	uint32_t number = 0;

	for (size_t i = 0; i < types->count; i++)
		number = number << TYPE_BITS | types->types[i];
	return number;
}

static uint32_t length_of(const struct nft_types *types)
{
	uint32_t length = 0;

	if (types->count == 1)
		return size_of(types->types[0]);
	for (size_t i = 0; i < types->count; i++)
		length += padded(size_of(types->types[i]));
	return length;
}

static void put_counter(struct nft *nft, uint16_t attribute)
{
	size_t expression = netlink_nest(&nft->batch, attribute);

	netlink_put_string(&nft->batch, NFTA_EXPR_NAME, "counter");
	netlink_nest_end(&nft->batch, netlink_nest(&nft->batch, NFTA_EXPR_DATA));
	netlink_nest_end(&nft->batch, expression);
}

static uint32_t flags_of(const struct nft_set *set)
{
	switch (set->kind) {
	case NFT_INTERVALS:
		return NFT_SET_INTERVAL;
	case NFT_VERDICT_MAP:
	case NFT_MAP:
		return NFT_SET_MAP;
	case NFT_COUNTERS:
		return NFT_SET_EVAL | NFT_SET_TIMEOUT;
	case NFT_PLAIN_SET:
	default:
		return 0;
	}
}

void nft_add_set(struct nft *nft, const struct nft_set *set)
{
	/* For nft(8): the bytes of a key are in the host's order. Type, length, value. */
	static const uint8_t host_order[] = { 0, 4, 1, 0, 0, 0 };
	struct netlink_batch *batch = &nft->batch;

	begin(nft, NFT_MSG_NEWSET, NLM_F_CREATE);
	netlink_put_string(batch, NFTA_SET_TABLE, nft->table);
	netlink_put_string(batch, NFTA_SET_NAME, set->name);
	netlink_put_be32(batch, NFTA_SET_ID, ++nft->next_set);
	netlink_put_be32(batch, NFTA_SET_FLAGS, flags_of(set));
	netlink_put_be32(batch, NFTA_SET_KEY_TYPE, number_of(&set->key));
	netlink_put_be32(batch, NFTA_SET_KEY_LEN, length_of(&set->key));
	if (set->kind == NFT_VERDICT_MAP) {
		netlink_put_be32(batch, NFTA_SET_DATA_TYPE, NFT_TYPE_VERDICT);
	} else if (set->kind == NFT_MAP) {
		netlink_put_be32(batch, NFTA_SET_DATA_TYPE, number_of(&set->data));
		netlink_put_be32(batch, NFTA_SET_DATA_LEN, length_of(&set->data));
	} else if (set->kind == NFT_COUNTERS) {
		size_t description = netlink_nest(batch, NFTA_SET_DESC);

		netlink_put_be32(batch, NFTA_SET_DESC_SIZE, set->size);
		netlink_nest_end(batch, description);
		netlink_put_be64(batch, NFTA_SET_TIMEOUT, (uint64_t)set->seconds * 1000);
		put_counter(nft, NFTA_SET_EXPR);
	}
	if (set->key.count == 1 && set->key.types[0] == NFT_TYPE_IFNAME)
		netlink_put(batch, NFTA_SET_USERDATA, host_order, sizeof(host_order));
	netlink_end(batch);
}

void nft_delete_set(struct nft *nft, const char *name)
{
	begin(nft, NFT_MSG_DELSET, 0);
	netlink_put_string(&nft->batch, NFTA_SET_TABLE, nft->table);
	netlink_put_string(&nft->batch, NFTA_SET_NAME, name);
	netlink_end(&nft->batch);
}

static void put_value(struct nft *nft, uint16_t attribute, const void *data, size_t length)
{
	size_t value = netlink_nest(&nft->batch, attribute);

	netlink_put(&nft->batch, NFTA_DATA_VALUE, data, length);
	netlink_nest_end(&nft->batch, value);
}

static void put_verdict(struct nft *nft, uint16_t attribute, int verdict, const char *chain)
{
	size_t data = netlink_nest(&nft->batch, attribute);
	size_t inner = netlink_nest(&nft->batch, NFTA_DATA_VERDICT);

	netlink_put_be32(&nft->batch, NFTA_VERDICT_CODE, (uint32_t)verdict);
	if (chain != NULL)
		netlink_put_string(&nft->batch, NFTA_VERDICT_CHAIN, chain);
	netlink_nest_end(&nft->batch, inner);
	netlink_nest_end(&nft->batch, data);
}

static void put_element(struct nft *nft, const struct nft_element *element, bool with_data)
{
	size_t item = netlink_nest(&nft->batch, NFTA_LIST_ELEM);

	put_value(nft, NFTA_SET_ELEM_KEY, element->key, element->key_length);
	if (element->interval_end)
		netlink_put_be32(&nft->batch, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	if (with_data && element->chain != NULL)
		put_verdict(nft, NFTA_SET_ELEM_DATA, NFT_GOTO, element->chain);
	else if (with_data && element->data_length > 0)
		put_value(nft, NFTA_SET_ELEM_DATA, element->data, element->data_length);
	netlink_nest_end(&nft->batch, item);
}

static void put_elements(struct nft *nft, uint16_t message, const char *set,
			 const struct nft_element *elements, size_t count)
{
	bool adds = message == NFT_MSG_NEWSETELEM;

	for (size_t at = 0; at < count && !nft->batch.overflowed;) {
		size_t list;

		begin(nft, message, adds ? NLM_F_CREATE : 0);
		netlink_put_string(&nft->batch, NFTA_SET_ELEM_LIST_TABLE, nft->table);
		netlink_put_string(&nft->batch, NFTA_SET_ELEM_LIST_SET, set);
		list = netlink_nest(&nft->batch, NFTA_SET_ELEM_LIST_ELEMENTS);
		while (at < count && nft->batch.length - list < ELEMENTS_MAX)
			put_element(nft, &elements[at++], adds);
		netlink_nest_end(&nft->batch, list);
		netlink_end(&nft->batch);
	}
}

void nft_add_element(struct nft *nft, const char *set, const struct nft_element *element)
{
	put_elements(nft, NFT_MSG_NEWSETELEM, set, element, 1);
}

void nft_delete_element(struct nft *nft, const char *set, const struct nft_element *element)
{
	put_elements(nft, NFT_MSG_DELSETELEM, set, element, 1);
}

void nft_add_elements(struct nft *nft, const char *set, const struct nft_element *elements,
		      size_t count)
{
	put_elements(nft, NFT_MSG_NEWSETELEM, set, elements, count);
}

static void begin_chain(struct nft *nft, uint16_t message, uint16_t flags, const char *name)
{
	begin(nft, message, flags);
	netlink_put_string(&nft->batch, NFTA_CHAIN_TABLE, nft->table);
	netlink_put_string(&nft->batch, NFTA_CHAIN_NAME, name);
}

void nft_add_chain(struct nft *nft, const char *name)
{
	begin_chain(nft, NFT_MSG_NEWCHAIN, NLM_F_CREATE, name);
	netlink_end(&nft->batch);
}

void nft_add_base_chain(struct nft *nft, const char *name, const char *type, uint32_t hook,
			int32_t priority)
{
	size_t nest;

	begin_chain(nft, NFT_MSG_NEWCHAIN, NLM_F_CREATE, name);
	nest = netlink_nest(&nft->batch, NFTA_CHAIN_HOOK);
	netlink_put_be32(&nft->batch, NFTA_HOOK_HOOKNUM, hook);
	netlink_put_be32(&nft->batch, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	netlink_nest_end(&nft->batch, nest);
	netlink_put_be32(&nft->batch, NFTA_CHAIN_POLICY, NF_ACCEPT);
	netlink_put_string(&nft->batch, NFTA_CHAIN_TYPE, type);
	netlink_end(&nft->batch);
}

void nft_flush_chain(struct nft *nft, const char *name)
{
	begin(nft, NFT_MSG_DELRULE, 0);
	netlink_put_string(&nft->batch, NFTA_RULE_TABLE, nft->table);
	netlink_put_string(&nft->batch, NFTA_RULE_CHAIN, name);
	netlink_end(&nft->batch);
}

void nft_delete_chain(struct nft *nft, const char *name)
{
	begin_chain(nft, NFT_MSG_DELCHAIN, 0, name);
	netlink_end(&nft->batch);
}

void nft_rule_begin(struct nft *nft, const char *chain)
{
	begin(nft, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	netlink_put_string(&nft->batch, NFTA_RULE_TABLE, nft->table);
	netlink_put_string(&nft->batch, NFTA_RULE_CHAIN, chain);
	nft->rule = netlink_nest(&nft->batch, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct nft *nft)
{
	netlink_nest_end(&nft->batch, nft->rule);
	netlink_end(&nft->batch);
}

/* An expression being built: its list element and its data. */
struct expression {
	size_t element;
	size_t data;
};

static struct expression expression_begin(struct nft *nft, const char *name)
{
	struct expression expression = { .element = netlink_nest(&nft->batch, NFTA_LIST_ELEM) };

	netlink_put_string(&nft->batch, NFTA_EXPR_NAME, name);
	expression.data = netlink_nest(&nft->batch, NFTA_EXPR_DATA);
	return expression;
}

static void expression_end(struct nft *nft, struct expression expression)
{
	netlink_nest_end(&nft->batch, expression.data);
	netlink_nest_end(&nft->batch, expression.element);
}

static void put_register(struct nft *nft, uint16_t attribute, unsigned int number)
{
	/* The kernel knows the first of each four by its old name (nf_tables_api.c,
	 * nft_parse_register); nft(8) prints both alike. */
	netlink_put_be32(&nft->batch, attribute, NFT_REG32_00 + number);
}

void nft_meta(struct nft *nft, uint32_t key, unsigned int at)
{
	struct expression expression = expression_begin(nft, "meta");

	netlink_put_be32(&nft->batch, NFTA_META_KEY, key);
	put_register(nft, NFTA_META_DREG, at);
	expression_end(nft, expression);
}

void nft_compare(struct nft *nft, uint32_t operation, unsigned int at, const void *data,
		 size_t length)
{
	struct expression expression = expression_begin(nft, "cmp");

	put_register(nft, NFTA_CMP_SREG, at);
	netlink_put_be32(&nft->batch, NFTA_CMP_OP, operation);
	put_value(nft, NFTA_CMP_DATA, data, length);
	expression_end(nft, expression);
}

void nft_range(struct nft *nft, unsigned int at, const void *from, const void *to, size_t length)
{
	struct expression expression = expression_begin(nft, "range");

	put_register(nft, NFTA_RANGE_SREG, at);
	netlink_put_be32(&nft->batch, NFTA_RANGE_OP, NFT_RANGE_EQ);
	put_value(nft, NFTA_RANGE_FROM_DATA, from, length);
	put_value(nft, NFTA_RANGE_TO_DATA, to, length);
	expression_end(nft, expression);
}

void nft_mask(struct nft *nft, unsigned int at, const uint8_t *mask, size_t length)
{
	static const uint8_t zeros[16];
	struct expression expression = expression_begin(nft, "bitwise");

	put_register(nft, NFTA_BITWISE_SREG, at);
	put_register(nft, NFTA_BITWISE_DREG, at);
	netlink_put_be32(&nft->batch, NFTA_BITWISE_LEN, (uint32_t)length);
	put_value(nft, NFTA_BITWISE_MASK, mask, length);
	put_value(nft, NFTA_BITWISE_XOR, zeros, length);
	expression_end(nft, expression);
}

void nft_payload(struct nft *nft, uint32_t base, uint32_t offset, uint32_t length, unsigned int at)
{
	struct expression expression = expression_begin(nft, "payload");

	put_register(nft, NFTA_PAYLOAD_DREG, at);
	netlink_put_be32(&nft->batch, NFTA_PAYLOAD_BASE, base);
	netlink_put_be32(&nft->batch, NFTA_PAYLOAD_OFFSET, offset);
	netlink_put_be32(&nft->batch, NFTA_PAYLOAD_LEN, length);
	expression_end(nft, expression);
}

void nft_conntrack(struct nft *nft, uint32_t key, int direction, unsigned int at)
{
	struct expression expression = expression_begin(nft, "ct");

	netlink_put_be32(&nft->batch, NFTA_CT_KEY, key);
	put_register(nft, NFTA_CT_DREG, at);
	if (direction >= 0)
		netlink_put_u8(&nft->batch, NFTA_CT_DIRECTION, (uint8_t)direction);
	expression_end(nft, expression);
}

static struct expression lookup_begin(struct nft *nft, const char *set, unsigned int at)
{
	struct expression expression = expression_begin(nft, "lookup");

	netlink_put_string(&nft->batch, NFTA_LOOKUP_SET, set);
	put_register(nft, NFTA_LOOKUP_SREG, at);
	return expression;
}

void nft_lookup(struct nft *nft, const char *set, unsigned int at, bool inverted)
{
	struct expression expression = lookup_begin(nft, set, at);

	if (inverted)
		netlink_put_be32(&nft->batch, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	expression_end(nft, expression);
}

void nft_lookup_data(struct nft *nft, const char *map, unsigned int at, unsigned int into)
{
	struct expression expression = lookup_begin(nft, map, at);

	put_register(nft, NFTA_LOOKUP_DREG, into);
	expression_end(nft, expression);
}

void nft_lookup_verdict(struct nft *nft, const char *map, unsigned int at)
{
	struct expression expression = lookup_begin(nft, map, at);

	netlink_put_be32(&nft->batch, NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
	expression_end(nft, expression);
}

void nft_address_type(struct nft *nft, unsigned int at)
{
	struct expression expression = expression_begin(nft, "fib");

	netlink_put_be32(&nft->batch, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	netlink_put_be32(&nft->batch, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	put_register(nft, NFTA_FIB_DREG, at);
	expression_end(nft, expression);
}

void nft_random(struct nft *nft, uint32_t modulus, unsigned int at)
{
	struct expression expression = expression_begin(nft, "numgen");

	put_register(nft, NFTA_NG_DREG, at);
	netlink_put_be32(&nft->batch, NFTA_NG_MODULUS, modulus);
	netlink_put_be32(&nft->batch, NFTA_NG_TYPE, NFT_NG_RANDOM);
	netlink_put_be32(&nft->batch, NFTA_NG_OFFSET, 0);
	expression_end(nft, expression);
}

void nft_count(struct nft *nft, const char *set, unsigned int at)
{
	struct expression expression = expression_begin(nft, "dynset");

	netlink_put_string(&nft->batch, NFTA_DYNSET_SET_NAME, set);
	netlink_put_be32(&nft->batch, NFTA_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	put_register(nft, NFTA_DYNSET_SREG_KEY, at);
	put_counter(nft, NFTA_DYNSET_EXPR);
	expression_end(nft, expression);
}

void nft_verdict(struct nft *nft, int verdict, const char *chain)
{
	struct expression expression = expression_begin(nft, "immediate");

	netlink_put_be32(&nft->batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	put_verdict(nft, NFTA_IMMEDIATE_DATA, verdict, chain);
	expression_end(nft, expression);
}

void nft_reject(struct nft *nft, uint32_t type, uint8_t code)
{
	struct expression expression = expression_begin(nft, "reject");

	netlink_put_be32(&nft->batch, NFTA_REJECT_TYPE, type);
	netlink_put_u8(&nft->batch, NFTA_REJECT_ICMP_CODE, code);
	expression_end(nft, expression);
}

void nft_nat(struct nft *nft, uint32_t type, uint32_t family, int address, int port)
{
	struct expression expression = expression_begin(nft, "nat");

	netlink_put_be32(&nft->batch, NFTA_NAT_TYPE, type);
	netlink_put_be32(&nft->batch, NFTA_NAT_FAMILY, family);
	if (address >= 0)
		put_register(nft, NFTA_NAT_REG_ADDR_MIN, (unsigned int)address);
	if (port >= 0)
		put_register(nft, NFTA_NAT_REG_PROTO_MIN, (unsigned int)port);
	expression_end(nft, expression);
}

void nft_masquerade(struct nft *nft, int first_port, int last_port)
{
	struct expression expression = expression_begin(nft, "masq");

	if (first_port >= 0) {
		netlink_put_be32(&nft->batch, NFTA_MASQ_FLAGS,
				 NF_NAT_RANGE_PROTO_SPECIFIED | NF_NAT_RANGE_PROTO_RANDOM_FULLY);
		put_register(nft, NFTA_MASQ_REG_PROTO_MIN, (unsigned int)first_port);
		put_register(nft, NFTA_MASQ_REG_PROTO_MAX, (unsigned int)last_port);
	}
	expression_end(nft, expression);
}

void nft_load(struct nft *nft, unsigned int at, const void *data, size_t length)
{
	struct expression expression = expression_begin(nft, "immediate");

	put_register(nft, NFTA_IMMEDIATE_DREG, at);
	put_value(nft, NFTA_IMMEDIATE_DATA, data, length);
	expression_end(nft, expression);
}
