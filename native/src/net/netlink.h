/* Netlink messages (netlink(7)), built in a buffer, sent in one datagram and acknowledged. A buffer
 * that can't grow stays overflowed, so callers check once, when they send. */
#ifndef NUCLEUS_NETLINK_H
#define NUCLEUS_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netlink_batch {
	uint8_t *data;
	size_t length;
	size_t capacity;
	size_t message;    /* offset of the message being built */
	uint32_t sequence; /* of the last message; the first has 1 */
	bool overflowed;
};

/* A socket for a protocol (NETLINK_ROUTE, NETLINK_NETFILTER), in the caller's network namespace. A
 * descriptor, or a negative errno. */
int netlink_open(int protocol);

void netlink_batch_free(struct netlink_batch *batch);
/* Starts a message whose payload begins with a family header. `flags` are NLM_F_*, besides
 * NLM_F_REQUEST. */
void netlink_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *header,
		   size_t size);
void netlink_end(struct netlink_batch *batch);
/* Requests an acknowledgement of the last message; errors of the others are reported anyway. */
void netlink_acknowledge(struct netlink_batch *batch);

/* Attributes of the message being built. */
void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size);
void netlink_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value);
void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value);
/* In network byte order, as nf_tables wants its numbers. */
void netlink_put_be32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void netlink_put_be64(struct netlink_batch *batch, uint16_t type, uint64_t value);
/* With its NUL. */
void netlink_put_string(struct netlink_batch *batch, uint16_t type, const char *text);
/* Starts a nested attribute. Returns its offset, for netlink_nest_end(). */
size_t netlink_nest(struct netlink_batch *batch, uint16_t type);
void netlink_nest_end(struct netlink_batch *batch, size_t start);

/* Sends the batch and waits for the acknowledgement of the message with the sequence number `last`,
 * which must have been requested. Returns 0, or the first error as a negative errno. */
int netlink_send(int fd, struct netlink_batch *batch, uint32_t last);

/* An attribute that was received. */
struct netlink_attribute {
	uint16_t type;
	const uint8_t *data;
	size_t length;
};

/* The attributes of `bytes`, one by one. False at their end, or if the rest is malformed. */
bool netlink_next(const uint8_t **bytes, size_t *length, struct netlink_attribute *attribute);

/* Sends a dump request, and passes each message's payload to `each`. Returns 0, or a negative
 * errno. */
int netlink_dump(int fd, struct netlink_batch *batch,
		 void (*each)(void *context, uint16_t type, const uint8_t *payload, size_t length),
		 void *context);

/* As netlink_dump, and frees the batch. */
int netlink_dump_and_free(int fd, struct netlink_batch *batch,
			  void (*each)(void *context, uint16_t type, const uint8_t *payload,
				       size_t length),
			  void *context);
/* Begins a message of a netfilter subsystem. */
void nfnetlink_begin(struct netlink_batch *batch, uint8_t subsystem, uint8_t message,
		     uint8_t family, uint16_t flags);
/* To the attributes of such a message; one that is too short has none. */
void nfnetlink_skip_header(const uint8_t **payload, size_t *length);

#endif
