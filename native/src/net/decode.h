/* Reads what requests and plans say of networks, from untrusted bytes. */
#ifndef NUCLEUS_DECODE_H
#define NUCLEUS_DECODE_H

#include <stddef.h>

#include "base/wire.h"
#include "net/links.h"

/* A name of at most `longest` letters, digits and -_./ characters. */
const char *read_name(struct reader *reader, size_t longest);
/* A name that an interface may have. */
const char *read_interface(struct reader *reader);
/* An IPv4 and an IPv6 address, of which one may be missing. */
void read_addresses(struct reader *reader, struct ip_address addresses[2]);
/* Addresses and their gateways, of the same families. */
void read_pairs(struct reader *reader, struct ip_address addresses[2],
		struct ip_address gateways[2]);
/* Points into the reader's bytes. */
void read_link(struct reader *reader, struct link_plan *plan);

#endif
