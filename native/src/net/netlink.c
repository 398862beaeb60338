#include "net/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/descriptors.h"

#define FIRST_CAPACITY 4096U
#define MAX_CAPACITY (64U << 20)
#define ATTRIBUTE_HEADER sizeof(struct nlattr)
#define RECEIVED_MAX 65536U
#define TIMEOUT 10 /* s for the kernel's answer; large transactions take a while */

/* Messages and attributes begin at multiples of 4 bytes. */
static size_t aligned_to_4(size_t length)
{
	return (length + 3) / 4 * 4;
}

int netlink_open(int protocol)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT };
	const int one = 1;
	owned_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -errno;
	/* Without the request's copy in each acknowledgement. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	/* Filters of dumps are applied, not ignored. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	return release(&fd);
}

void netlink_batch_free(struct netlink_batch *batch)
{
	free(batch->data);
	*batch = (struct netlink_batch){ 0 };
}

/* Zeroed room at the end, aligned; NULL if there is none. */
static uint8_t *extend(struct netlink_batch *batch, size_t size)
{
	size_t aligned = aligned_to_4(size);
	uint8_t *at;

	if (!batch->overflowed && batch->capacity - batch->length < aligned) {
		size_t wanted = batch->capacity == 0 ? FIRST_CAPACITY : batch->capacity;
		uint8_t *data;

		while (wanted - batch->length < aligned && wanted < MAX_CAPACITY)
			wanted *= 2;
		data = wanted - batch->length < aligned ? NULL : realloc(batch->data, wanted);
		if (data == NULL)
			batch->overflowed = true;
		else {
			batch->data = data;
			batch->capacity = wanted;
		}
	}
	if (batch->overflowed)
		return NULL;
	at = batch->data + batch->length;
	memset(at, 0, aligned);
	batch->length += aligned;
	return at;
}

void netlink_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *header,
		   size_t size)
{
	size_t start = batch->length;
	uint8_t *at = extend(batch, NLMSG_HDRLEN + size);
	struct nlmsghdr message = {
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = ++batch->sequence,
	};

	if (at == NULL)
		return;
	batch->message = start;
	memcpy(at, &message, sizeof(message));
	memcpy(at + NLMSG_HDRLEN, header, size);
}

void netlink_end(struct netlink_batch *batch)
{
	uint32_t length = (uint32_t)(batch->length - batch->message);

	if (!batch->overflowed)
		memcpy(batch->data + batch->message, &length, sizeof(length));
}

void netlink_acknowledge(struct netlink_batch *batch)
{
	struct nlmsghdr header;

	if (batch->overflowed)
		return;
	memcpy(&header, batch->data + batch->message, sizeof(header));
	header.nlmsg_flags |= NLM_F_ACK;
	memcpy(batch->data + batch->message, &header, sizeof(header));
}

void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
	struct nlattr attribute = { .nla_len = (uint16_t)(ATTRIBUTE_HEADER + size),
				    .nla_type = type };
	uint8_t *at;

	if (size > UINT16_MAX - ATTRIBUTE_HEADER) {
		batch->overflowed = true;
		return;
	}
	at = extend(batch, ATTRIBUTE_HEADER + size);
	if (at == NULL)
		return;
	memcpy(at, &attribute, sizeof(attribute));
	if (size > 0)
		memcpy(at + ATTRIBUTE_HEADER, data, size);
}

void netlink_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value)
{
	netlink_put(batch, type, &value, sizeof(value));
}

void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	netlink_put(batch, type, &value, sizeof(value));
}

void netlink_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	netlink_put_u32(batch, type, htonl(value));
}

void netlink_put_be64(struct netlink_batch *batch, uint16_t type, uint64_t value)
{
	uint32_t halves[2] = { htonl((uint32_t)(value >> 32)), htonl((uint32_t)value) };

	netlink_put(batch, type, halves, sizeof(halves));
}

void netlink_put_string(struct netlink_batch *batch, uint16_t type, const char *text)
{
	netlink_put(batch, type, text, strlen(text) + 1);
}

size_t netlink_nest(struct netlink_batch *batch, uint16_t type)
{
	size_t start = batch->length;

	netlink_put(batch, type | NLA_F_NESTED, NULL, 0);
	return start;
}

void netlink_nest_end(struct netlink_batch *batch, size_t start)
{
	size_t length = batch->length - start;
	uint16_t encoded = (uint16_t)length;

	if (batch->overflowed)
		return;
	if (length > UINT16_MAX)
		batch->overflowed = true;
	else
		memcpy(batch->data + start, &encoded, sizeof(encoded));
}

static int transmit(int fd, struct netlink_batch *batch)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent;

	if (batch->overflowed)
		return -EMSGSIZE;
	if (batch->length > 65536) {
		int room = (int)batch->length * 2;

		/* Needs CAP_NET_ADMIN in the initial user namespace; else sending may fail. */
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	}
	do {
		sent = sendto(fd, batch->data, batch->length, 0, (const struct sockaddr *)&kernel,
			      sizeof(kernel));
	} while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)batch->length ? 0 : sent < 0 ? -errno : -EIO;
}

/* Receives one datagram from the kernel. Returns its length, or a negative errno. */
static ssize_t receive(int fd, uint8_t *bytes, int flags)
{
	struct sockaddr_nl from = { 0 };
	socklen_t size = sizeof(from);
	ssize_t got;

	do {
		got = recvfrom(fd, bytes, RECEIVED_MAX, flags, (struct sockaddr *)&from, &size);
	} while ((got < 0 && errno == EINTR) || (got >= 0 && from.nl_pid != 0));
	if (got < 0)
		return errno == EAGAIN && flags == 0 ? -ETIMEDOUT : -errno;
	return got;
}

struct outcome {
	int error;
	uint32_t failed;
	bool acknowledged; /* the last message */
};

static void read_acknowledgements(const uint8_t *bytes, size_t length, uint32_t last,
				  struct outcome *outcome)
{
	while (length >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr message;
		int32_t error;
		size_t aligned;

		memcpy(&message, bytes, sizeof(message));
		if (message.nlmsg_len < sizeof(message) || message.nlmsg_len > length)
			return;
		if (message.nlmsg_type == NLMSG_ERROR &&
		    message.nlmsg_len >= NLMSG_HDRLEN + sizeof(error)) {
			memcpy(&error, bytes + NLMSG_HDRLEN, sizeof(error));
			if (error != 0 && outcome->error == 0) {
				outcome->error = error;
				outcome->failed = message.nlmsg_seq;
			}
			if (message.nlmsg_seq == last)
				outcome->acknowledged = true;
		}
		aligned = aligned_to_4(message.nlmsg_len);
		if (aligned >= length)
			return;
		bytes += aligned;
		length -= aligned;
	}
}

/* Those to a request that timed out. */
static void discard_answers(int fd, uint8_t *buffer)
{
	while (receive(fd, buffer, MSG_DONTWAIT) > 0) {
	}
}

int netlink_send(int fd, struct netlink_batch *batch, uint32_t last)
{
	static uint8_t bytes[RECEIVED_MAX];
	struct outcome outcome = { 0 };
	int result;

	discard_answers(fd, bytes);
	result = transmit(fd, batch);
	if (result < 0)
		return result;
	/* After an error in the first message, nothing else is processed or acknowledged. */
	while (!outcome.acknowledged && (outcome.error == 0 || outcome.failed > 1)) {
		ssize_t got = receive(fd, bytes, 0);

		if (got < 0)
			return outcome.error != 0 ? outcome.error : (int)got;
		read_acknowledgements(bytes, (size_t)got, last, &outcome);
	}
	/* An error found when the transaction was to take effect is reported for its beginning. */
	for (;;) {
		ssize_t got = receive(fd, bytes, MSG_DONTWAIT);

		if (got <= 0)
			break;
		read_acknowledgements(bytes, (size_t)got, last, &outcome);
	}
	return outcome.error;
}

bool netlink_next(const uint8_t **bytes, size_t *length, struct netlink_attribute *attribute)
{
	struct nlattr header;
	size_t aligned;

	if (*length < sizeof(header))
		return false;
	memcpy(&header, *bytes, sizeof(header));
	if (header.nla_len < ATTRIBUTE_HEADER || header.nla_len > *length)
		return false;
	attribute->type = (uint16_t)(header.nla_type & NLA_TYPE_MASK);
	attribute->data = *bytes + ATTRIBUTE_HEADER;
	attribute->length = header.nla_len - ATTRIBUTE_HEADER;
	aligned = aligned_to_4(header.nla_len);
	*bytes += aligned < *length ? aligned : *length;
	*length -= aligned < *length ? aligned : *length;
	return true;
}

#define DUMP_CONTINUES 1

/* Passes on the messages of one datagram with the sequence number. Returns DUMP_CONTINUES, 0 at the
 * end of the dump, or a negative errno. */
static int read_dump(const uint8_t *bytes, size_t length, uint32_t sequence,
		     void (*each)(void *context, uint16_t type, const uint8_t *payload,
				  size_t length),
		     void *context)
{
	for (size_t at = 0; at <= length && length - at >= sizeof(struct nlmsghdr);) {
		struct nlmsghdr message;
		int32_t error = 0;

		memcpy(&message, bytes + at, sizeof(message));
		if (message.nlmsg_len < sizeof(message) || message.nlmsg_len > length - at)
			return -EBADMSG;
		if (message.nlmsg_seq == sequence && message.nlmsg_type == NLMSG_DONE)
			return 0;
		if (message.nlmsg_seq == sequence && message.nlmsg_type == NLMSG_ERROR) {
			if (message.nlmsg_len >= NLMSG_HDRLEN + sizeof(error))
				memcpy(&error, bytes + at + NLMSG_HDRLEN, sizeof(error));
			return error;
		}
		if (message.nlmsg_seq == sequence)
			each(context, message.nlmsg_type, bytes + at + NLMSG_HDRLEN,
			     message.nlmsg_len - NLMSG_HDRLEN);
		at += aligned_to_4(message.nlmsg_len);
	}
	return DUMP_CONTINUES;
}

int netlink_dump(int fd, struct netlink_batch *batch,
		 void (*each)(void *context, uint16_t type, const uint8_t *payload, size_t length),
		 void *context)
{
	static uint8_t bytes[RECEIVED_MAX];
	int result;

	discard_answers(fd, bytes);
	result = transmit(fd, batch);
	if (result < 0)
		return result;
	do {
		ssize_t got = receive(fd, bytes, 0);

		if (got < 0)
			return (int)got;
		result = read_dump(bytes, (size_t)got, batch->sequence, each, context);
	} while (result == DUMP_CONTINUES);
	return result;
}

void nfnetlink_begin(struct netlink_batch *batch, uint8_t subsystem, uint8_t message,
		     uint8_t family, uint16_t flags)
{
	const struct nfgenmsg header = { .nfgen_family = family, .version = NFNETLINK_V0 };

	netlink_begin(batch, (uint16_t)(subsystem << 8 | message), flags, &header, sizeof(header));
}

int netlink_dump_and_free(int fd, struct netlink_batch *batch,
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

void nfnetlink_skip_header(const uint8_t **payload, size_t *length)
{
	size_t header = *length < sizeof(struct nfgenmsg) ? *length : sizeof(struct nfgenmsg);

	*payload += header;
	*length -= header;
}
