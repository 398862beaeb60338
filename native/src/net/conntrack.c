#include "net/conntrack.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/netlink.h"

struct deletion {
	const struct ip_address *addresses; /* sorted */
	size_t count;
	const struct conntrack_policy *policy;
	struct netlink_batch requests;
};

/* One direction of a connection. */
struct tuple {
	struct ip_address source;
	struct ip_address destination;
	uint8_t protocol;
	uint16_t port; /* of the destination; 0: the protocol has none */
};

static int compare_addresses(const void *a, const void *b)
{
	const struct ip_address *one = a;
	const struct ip_address *other = b;

	return one->length != other->length ? (one->length < other->length ? -1 : 1)
					    : memcmp(one->bytes, other->bytes, one->length);
}

static bool includes(const struct deletion *deletion, const struct ip_address *address)
{
	return bsearch(address, deletion->addresses, deletion->count, sizeof(*address),
		       compare_addresses) != NULL;
}

static void read_address(struct ip_address *address, const struct netlink_attribute *field)
{
	if (field->length != 4 && field->length != 16)
		return;
	address->length = (uint8_t)field->length;
	memcpy(address->bytes, field->data, field->length);
}

static void read_field(struct tuple *tuple, uint16_t part, const struct netlink_attribute *field)
{
	if (part == CTA_TUPLE_IP && (field->type == CTA_IP_V4_SRC || field->type == CTA_IP_V6_SRC))
		read_address(&tuple->source, field);
	if (part == CTA_TUPLE_IP && (field->type == CTA_IP_V4_DST || field->type == CTA_IP_V6_DST))
		read_address(&tuple->destination, field);
	if (part == CTA_TUPLE_PROTO && field->type == CTA_PROTO_NUM && field->length == 1)
		tuple->protocol = field->data[0];
	if (part == CTA_TUPLE_PROTO && field->type == CTA_PROTO_DST_PORT && field->length == 2)
		tuple->port = (uint16_t)(field->data[0] << 8 | field->data[1]);
}

static struct tuple read_tuple(const struct netlink_attribute *attribute)
{
	struct tuple tuple = { .protocol = 0 };
	const uint8_t *at = attribute->data;
	size_t length = attribute->length;
	struct netlink_attribute part;

	while (netlink_next(&at, &length, &part)) {
		const uint8_t *inner = part.data;
		size_t inner_length = part.length;
		struct netlink_attribute field;

		while (netlink_next(&inner, &inner_length, &field))
			read_field(&tuple, part.type, &field);
	}
	return tuple;
}

static bool is_to_be_deleted(const struct deletion *deletion,
			     const struct netlink_attribute *attribute)
{
	struct tuple tuple = read_tuple(attribute);
	const struct conntrack_policy *policy = deletion->policy;

	if (policy == NULL)
		return includes(deletion, &tuple.source) || includes(deletion, &tuple.destination);
	return attribute->type == CTA_TUPLE_ORIG && includes(deletion, &tuple.source) &&
	       !policy_allows(policy->rules, policy->count, policy->open, &tuple.destination,
			      tuple.protocol, tuple.port);
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
	nfnetlink_skip_header(&payload, &length);
	while (netlink_next(&payload, &length, &attribute)) {
		if (attribute.type == CTA_TUPLE_ORIG)
			original = attribute;
		else if (attribute.type == CTA_ZONE)
			zone = attribute;
		if ((attribute.type == CTA_TUPLE_ORIG || attribute.type == CTA_TUPLE_REPLY) &&
		    is_to_be_deleted(deletion, &attribute))
			found = true;
	}
	if (!found || original.data == NULL)
		return;
	nfnetlink_begin(&deletion->requests, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE, family,
			0);
	netlink_put(&deletion->requests, CTA_TUPLE_ORIG | NLA_F_NESTED, original.data,
		    original.length);
	if (zone.data != NULL)
		netlink_put(&deletion->requests, CTA_ZONE, zone.data, zone.length);
	netlink_end(&deletion->requests);
}

/* One request each: a batch is acknowledged with its first error only, and an entry that has
 * already expired is no error. */
static int send_requests(int fd, struct netlink_batch *requests)
{
	for (size_t at = 0; !requests->overflowed && at < requests->length;) {
		struct netlink_batch one = { 0 };
		struct nlmsghdr header;

		memcpy(&header, requests->data + at, sizeof(header));
		if (header.nlmsg_len < sizeof(header))
			break;
		one.data = requests->data + at;
		one.length = one.capacity = header.nlmsg_len;
		header.nlmsg_flags |= NLM_F_ACK;
		memcpy(one.data, &header, sizeof(header));
		(void)netlink_send(fd, &one, header.nlmsg_seq);
		at += NLMSG_ALIGN(header.nlmsg_len);
	}
	return requests->overflowed ? -ENOMEM : 0;
}

int conntrack_delete(int fd, struct ip_address *addresses, size_t count,
		     const struct conntrack_policy *policy)
{
	struct deletion deletion = { .addresses = addresses, .count = count, .policy = policy };
	struct netlink_batch batch = { 0 };
	int result;

	qsort(addresses, count, sizeof(*addresses), compare_addresses);
	/* All of them at once: the kernel walks its whole table for each dump. */
	nfnetlink_begin(&batch, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, AF_UNSPEC, NLM_F_DUMP);
	result = netlink_dump_and_free(fd, &batch, delete_one, &deletion);
	if (result == 0)
		result = send_requests(fd, &deletion.requests);
	netlink_batch_free(&deletion.requests);
	return result;
}
