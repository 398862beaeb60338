#include "net/queries.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/links.h"
#include "net/nftables.h"

static void begin(struct netlink_batch *batch, uint8_t subsystem, uint8_t message, uint8_t family,
		  uint16_t flags)
{
	const struct nfgenmsg header = { .nfgen_family = family, .version = NFNETLINK_V0 };

	netlink_begin(batch, (uint16_t)(subsystem << 8 | message), flags, &header, sizeof(header));
}

static int dump_and_free(int fd, struct netlink_batch *batch,
			 void (*each)(void *context, uint16_t type, const uint8_t *payload,
				      size_t length),
			 void *context)
{
	int result;

	netlink_end(batch);
	result = netlink_dump(fd, batch, each, context);
	netlink_batch_free(batch);
	return result;
}

/* To the attributes; a message that is too short has none. */
static void skip_header(const uint8_t **payload, size_t *length)
{
	size_t header = *length < sizeof(struct nfgenmsg) ? *length : sizeof(struct nfgenmsg);

	*payload += header;
	*length -= header;
}

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
	skip_header(&payload, &length);
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
	skip_header(&payload, &length);
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
	begin(&batch, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE, NFPROTO_INET, NLM_F_DUMP);
	return dump_and_free(network->netfilter_fd, &batch, find_owner, owner);
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
	begin(&batch, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NLM_F_DUMP);
	result = dump_and_free(network->netfilter_fd, &batch, list_chain, &list);
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
	skip_header(&payload, &length);
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

		begin(&batch, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM, NFPROTO_INET, NLM_F_DUMP);
		netlink_put_string(&batch, NFTA_SET_ELEM_LIST_TABLE, network->ruleset.table);
		netlink_put_string(&batch, NFTA_SET_ELEM_LIST_SET, sets[family]);
		result = dump_and_free(network->netfilter_fd, &batch, list_denied, &list);
	}
	list_end(&list);
	/* Without a table nothing was denied. */
	return result == -ENOENT ? 0 : result;
}

/* Conntrack entries to be deleted. */
struct deletion {
	const struct ip_address *addresses; /* sorted */
	size_t count;
	bool begun; /* only connections that one of them began */
	struct netlink_batch deletions;
};

static int compare_addresses(const void *a, const void *b)
{
	const struct ip_address *one = a;
	const struct ip_address *other = b;

	return one->length != other->length ? (one->length < other->length ? -1 : 1)
					    : memcmp(one->bytes, other->bytes, one->length);
}

static bool includes(const struct deletion *deletion, const struct netlink_attribute *field)
{
	struct ip_address address = { 0 };

	if (field->length != 4 && field->length != 16)
		return false;
	address.length = (uint8_t)field->length;
	memcpy(address.bytes, field->data, field->length);
	return bsearch(&address, deletion->addresses, deletion->count, sizeof(address),
		       compare_addresses) != NULL;
}

static bool mentions(const struct netlink_attribute *tuple, const struct deletion *deletion)
{
	const uint8_t *at = tuple->data;
	size_t length = tuple->length;
	struct netlink_attribute part;

	while (netlink_next(&at, &length, &part)) {
		const uint8_t *inner = part.data;
		size_t inner_length = part.length;
		struct netlink_attribute field;

		if (part.type != CTA_TUPLE_IP)
			continue;
		while (netlink_next(&inner, &inner_length, &field)) {
			if (deletion->begun && field.type != CTA_IP_V4_SRC &&
			    field.type != CTA_IP_V6_SRC)
				continue;
			if (includes(deletion, &field))
				return true;
		}
	}
	return false;
}

static void delete_one(void *context, uint16_t type, const uint8_t *payload, size_t length)
{
	struct deletion *deletion = context;
	struct netlink_attribute attribute;
	struct netlink_attribute original = { 0 };
	struct netlink_attribute zone = { 0 };
	bool found = false;
	uint8_t family = AF_UNSPEC;

	(void)type;
	if (length > 0)
		family = payload[0]; /* of struct nfgenmsg */
	skip_header(&payload, &length);
	while (netlink_next(&payload, &length, &attribute)) {
		if (attribute.type == CTA_TUPLE_ORIG)
			original = attribute;
		else if (attribute.type == CTA_ZONE)
			zone = attribute;
		if ((attribute.type == CTA_TUPLE_ORIG ||
		     (attribute.type == CTA_TUPLE_REPLY && !deletion->begun)) &&
		    mentions(&attribute, deletion))
			found = true;
	}
	if (!found || original.data == NULL)
		return;
	begin(&deletion->deletions, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE, family, 0);
	netlink_put(&deletion->deletions, CTA_TUPLE_ORIG | NLA_F_NESTED, original.data,
		    original.length);
	if (zone.data != NULL)
		netlink_put(&deletion->deletions, CTA_ZONE, zone.data, zone.length);
	netlink_end(&deletion->deletions);
}

int conntrack_delete(struct network *network, struct ip_address *addresses, size_t count,
		     bool begun)
{
	struct deletion deletion = { .addresses = addresses, .count = count, .begun = begun };
	struct netlink_batch batch = { 0 };
	int result;

	qsort(addresses, count, sizeof(*addresses), compare_addresses);
	/* All of them at once: the kernel walks its whole table for each dump. */
	begin(&batch, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, AF_UNSPEC, NLM_F_DUMP);
	result = dump_and_free(network->netfilter_fd, &batch, delete_one, &deletion);
	/* One request each: a batch is acknowledged with its first error only, and an entry that
	 * has already expired is no error. */
	for (size_t at = 0;
	     result == 0 && !deletion.deletions.overflowed && at < deletion.deletions.length;) {
		struct netlink_batch one = { 0 };
		struct nlmsghdr header;

		memcpy(&header, deletion.deletions.data + at, sizeof(header));
		if (header.nlmsg_len < sizeof(header))
			break;
		one.data = deletion.deletions.data + at;
		one.length = one.capacity = header.nlmsg_len;
		header.nlmsg_flags |= NLM_F_ACK;
		memcpy(one.data, &header, sizeof(header));
		(void)netlink_send(network->netfilter_fd, &one, header.nlmsg_seq, NULL);
		at += NLMSG_ALIGN(header.nlmsg_len);
	}
	if (result == 0 && deletion.deletions.overflowed)
		result = -ENOMEM;
	netlink_batch_free(&deletion.deletions);
	return result;
}
