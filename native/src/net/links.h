/* Network interfaces, addresses and routes (rtnetlink(7)). Containers have routed links: a veth
 * pair, no bridge. Both ends have the same MAC address and IFF_NOARP: a frame can only be for the
 * other end, and no neighbour entries are learned. */
#ifndef NUCLEUS_LINKS_H
#define NUCLEUS_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"

/* An address of one family, in network byte order. */
struct ip_address {
	uint8_t bytes[16];
	uint8_t length; /* 4 or 16; 0: none */
	uint8_t prefix; /* bits of its network */
};

/* One container's interface on one network. */
struct link_plan {
	const char *host_name; /* of the end on the host */
	const char *name;      /* of the end in the container */
	const char *alias;     /* IFLA_IFALIAS of the host's end: names the container */
	uint32_t mtu;
	uint8_t mac[6];
	struct ip_address addresses[2]; /* IPv4, IPv6 */
	struct ip_address gateways[2];
	bool is_default; /* has the default routes */
};

/* Creates the pair and configures both ends. `netns_fd`: the container's network namespace. A pair
 * that can't be configured is removed. Returns 0, or a negative errno. */
int link_attach(const struct link_plan *plan, int netns_fd, struct failure *failure);

/* A network: an interface of the host that has the gateways' addresses. */
struct network_plan {
	const char *name;
	const char *alias;
	struct ip_address gateways[2];
};

/* Creates the interface unless it exists, and routes: whatever is not assigned to a container is
 * unreachable. */
int network_create(int fd, const struct network_plan *plan);
/* Removes an interface, if it exists, and with it its addresses. */
int link_remove(int fd, const char *name);
/* Removes the unreachable routes of its subnets. */
void network_remove_routes(int fd, const struct network_plan *plan);

/* Lets the host forward packets between its interfaces (ip-sysctl.rst). 0, or a negative errno. */
int forwarding_enable(bool ipv6);

/* Passes the name and alias of each interface whose name begins with `prefix` to `each`. */
int links_list(int fd, const char *prefix,
	       void (*each)(void *context, const char *name, const char *alias), void *context);

#endif
