#include "net/queries.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "net/links.h"
#include "net/nftables.h"

/* A list in an answer, whose number of items is known once they are written. */
struct list {
	struct writer *writer;
	size_t start;
	uint32_t count;
};

static struct list list_begin(struct writer *writer)
{
	struct list list = { .writer = writer, .start = writer->length };

	write_u32(writer, 0);
	return list;
}

static void list_end(struct list *list)
{
	if (list->writer->overflowed)
		return;
	for (size_t i = 0; i < 4; i++)
		list->writer->data[list->start + i] = (uint8_t)(list->count >> (8 * i));
}

static void list_link(void *context, const char *name, const char *alias)
{
	struct list *list = context;

	write_string(list->writer, name);
	write_string(list->writer, alias);
	list->count++;
}

static uint32_t read_be32(const struct netlink_attribute *attribute)
{
	uint32_t value = 0;

	if (attribute->length >= sizeof(value))
		memcpy(&value, attribute->data, sizeof(value));
	return ntohl(value);
}

static uint64_t read_be64(const struct netlink_attribute *attribute)
{
	uint32_t halves[2] = { 0 };

	if (attribute->length >= sizeof(halves))
		memcpy(halves, attribute->data, sizeof(halves));
	return (uint64_t)ntohl(halves[0]) << 32 | ntohl(halves[1]);
}

static void copy_text(char *text, size_t size, const struct netlink_attribute *attribute)
{
	size_t length = attribute->length < size - 1 ? attribute->length : size - 1;

	memcpy(text, attribute->data, length);
	text[length] = '\0';
}

static bool is_forward_hook(const struct netlink_attribute *hook)
{
	const uint8_t *at = hook->data;
	size_t length = hook->length;
	struct netlink_attribute attribute;

	while (netlink_next(&at, &length, &attribute)) {
		if (attribute.type == NFTA_HOOK_HOOKNUM)
			return read_be32(&attribute) == NF_INET_FORWARD;
	}
	return false;
}

/* As nft(8) writes it. */
static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_BRIDGE:
		return "bridge";
	default:
		return "inet";
	}
}

static void list_chain(void *context, uint16_t type, const uint8_t *payload, size_t length)
{
	struct list *list = context;
	struct netlink_attribute attribute;
	char table[NFT_NAME_MAXLEN] = "";
	char chain[NFT_NAME_MAXLEN] = "";
	char name[NFT_NAME_MAXLEN + 8];
	uint8_t family;
	bool forwards = false;
	bool drops = false;

	(void)type;
	family = length > 0 ? payload[0] : NFPROTO_UNSPEC; /* of struct nfgenmsg */
	nfnetlink_skip_header(&payload, &length);
	while (netlink_next(&payload, &length, &attribute)) {
		if (attribute.type == NFTA_CHAIN_TABLE)
			copy_text(table, sizeof(table), &attribute);
		else if (attribute.type == NFTA_CHAIN_NAME)
			copy_text(chain, sizeof(chain), &attribute);
		else if (attribute.type == NFTA_CHAIN_HOOK)
			forwards = is_forward_hook(&attribute);
		else if (attribute.type == NFTA_CHAIN_POLICY)
			drops = read_be32(&attribute) == NF_DROP;
	}
	if (!forwards || !drops)
		return;
	(void)snprintf(name, sizeof(name), "%s %s", family_name(family), table);
	write_string(list->writer, name);
	write_string(list->writer, chain);
	list->count++;
}

/* The comment of the manager's table, which names its owner. */
struct owner {
	const char *table;
	char comment[128];
	uint64_t handle; /* of the table, which the kernel never uses twice */
	bool found;
};

static void find_owner(void *context, uint16_t type, const uint8_t *payload, size_t length)
{
	struct owner *owner = context;
	struct netlink_attribute attribute;
	struct netlink_attribute comment = { 0 };
	uint64_t handle = 0;
	char name[NFT_NAME_MAXLEN] = "";

	(void)type;
	nfnetlink_skip_header(&payload, &length);
	while (netlink_next(&payload, &length, &attribute)) {
		if (attribute.type == NFTA_TABLE_NAME)
			copy_text(name, sizeof(name), &attribute);
		else if (attribute.type == NFTA_TABLE_USERDATA)
			comment = attribute;
		else if (attribute.type == NFTA_TABLE_HANDLE)
			handle = read_be64(&attribute);
	}
	if (strcmp(name, owner->table) != 0)
		return;
	owner->found = true;
	owner->handle = handle;
	/* Type and length, then the text. */
	if (comment.length > 2) {
		comment.data += 2;
		comment.length -= 2;
		copy_text(owner->comment, sizeof(owner->comment), &comment);
	}
}

static int look_up_table(struct network *network, struct owner *owner)
{
	struct netlink_batch batch = { 0 };

	*owner = (struct owner){ .table = network->ruleset.table };
	nfnetlink_begin(&batch, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE, NFPROTO_INET, NLM_F_DUMP);
	return netlink_dump_and_free(network->netfilter_fd, &batch, find_owner, owner);
}

int network_check_owner(struct network *network, struct failure *failure)
{
	struct owner owner;
	int result = look_up_table(network, &owner);

	if (result < 0)
		return fail(failure, STEP_NETWORK, -result, "list the tables of nf_tables");
	if (owner.found && strcmp(owner.comment, network->ruleset.instance) != 0)
		return fail(
			failure, STEP_NETWORK, EEXIST,
			"the table inet %s belongs to '%s': set nucleus.network.table, or delete "
			"the table if it is unused",
			network->ruleset.table, owner.comment);
	return 0;
}

int network_list(struct network *network, struct writer *writer)
{
	struct netlink_batch batch = { 0 };
	struct list list = list_begin(writer);
	struct owner owner;
	int result = links_list(network->route_fd, network->ruleset.prefix, list_link, &list);

	list_end(&list);
	if (result < 0)
		return result;
	list = list_begin(writer);
	nfnetlink_begin(&batch, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NLM_F_DUMP);
	result = netlink_dump_and_free(network->netfilter_fd, &batch, list_chain, &list);
	list_end(&list);
	if (result < 0)
		return result;
	result = look_up_table(network, &owner);
	write_u64(writer, owner.handle);
	return result;
}

struct denied {
	const uint8_t *key;
	size_t key_length;
	uint64_t packets;
};

static uint64_t packets_of(const struct netlink_attribute *expression)
{
	const uint8_t *at = expression->data;
	size_t length = expression->length;
	struct netlink_attribute attribute;

	while (netlink_next(&at, &length, &attribute)) {
		const uint8_t *inner = attribute.data;
		size_t inner_length = attribute.length;
		struct netlink_attribute counter;

		if (attribute.type != NFTA_EXPR_DATA)
			continue;
		while (netlink_next(&inner, &inner_length, &counter)) {
			if (counter.type == NFTA_COUNTER_PACKETS)
				return read_be64(&counter);
		}
	}
	return 0;
}

static void read_key(const struct netlink_attribute *key, struct denied *denied)
{
	const uint8_t *at = key->data;
	size_t length = key->length;
	struct netlink_attribute value;

	if (netlink_next(&at, &length, &value) && value.type == NFTA_DATA_VALUE) {
		denied->key = value.data;
		denied->key_length = value.length;
	}
}

static void list_element(struct list *list, const struct netlink_attribute *element)
{
	const uint8_t *at = element->data;
	size_t length = element->length;
	struct netlink_attribute attribute;
	struct denied denied = { 0 };
	char interface[IFNAMSIZ + 1] = "";
	size_t address;
	uint16_t port;

	while (netlink_next(&at, &length, &attribute)) {
		if (attribute.type == NFTA_SET_ELEM_KEY)
			read_key(&attribute, &denied);
		else if (attribute.type == NFTA_SET_ELEM_EXPR)
			denied.packets = packets_of(&attribute);
	}
	/* interface . address . protocol . port */
	if (denied.key_length != IFNAMSIZ + 4 + 8 && denied.key_length != IFNAMSIZ + 16 + 8)
		return;
	address = denied.key_length - IFNAMSIZ - 8;
	memcpy(interface, denied.key, IFNAMSIZ);
	memcpy(&port, denied.key + IFNAMSIZ + address + 4, sizeof(port));
	write_string(list->writer, interface);
	write_u32(list->writer, (uint32_t)address);
	write_raw(list->writer, denied.key + IFNAMSIZ, address);
	write_u8(list->writer, denied.key[IFNAMSIZ + address]);
	write_u16(list->writer, ntohs(port));
	write_u64(list->writer, denied.packets);
	list->count++;
}

static void list_denied(void *context, uint16_t type, const uint8_t *payload, size_t length)
{
	struct netlink_attribute attribute;

	(void)type;
	nfnetlink_skip_header(&payload, &length);
	while (netlink_next(&payload, &length, &attribute)) {
		const uint8_t *at = attribute.data;
		size_t left = attribute.length;
		struct netlink_attribute element;

		if (attribute.type != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		while (netlink_next(&at, &left, &element))
			list_element(context, &element);
	}
}

int network_denied(struct network *network, struct writer *writer)
{
	static const char *const sets[2] = { "denied4", "denied6" };
	struct list list = list_begin(writer);
	int result = 0;

	for (size_t family = 0; family < 2 && result == 0; family++) {
		struct netlink_batch batch = { 0 };

		nfnetlink_begin(&batch, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM, NFPROTO_INET,
				NLM_F_DUMP);
		netlink_put_string(&batch, NFTA_SET_ELEM_LIST_TABLE, network->ruleset.table);
		netlink_put_string(&batch, NFTA_SET_ELEM_LIST_SET, sets[family]);
		result = netlink_dump_and_free(network->netfilter_fd, &batch, list_denied, &list);
	}
	list_end(&list);
	/* Without a table nothing was denied. */
	return result == -ENOENT ? 0 : result;
}
