#include "net/links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/descriptors.h"
#include "base/netns.h"
#include "net/netlink.h"

/* Indexes of IFLA_INET_CONF (linux/ip.h, which conflicts with the C library's headers). */
#define CONF_FORWARDING 1
#define CONF_ROUTE_LOCALNET 26

static void begin_link(struct netlink_batch *batch, uint16_t flags, uint32_t set, uint32_t mask)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC,
					  .ifi_flags = set,
					  .ifi_change = mask };

	netlink_begin(batch, RTM_NEWLINK, flags, &header, sizeof(header));
}

/* Whether the kernel has IPv6 at all: it refuses settings of a family that it lacks. */
static bool has_ipv6(void)
{
	owned_fd fd = openat(AT_FDCWD, "/proc/net/if_inet6", O_RDONLY | O_CLOEXEC);

	return fd >= 0;
}

/* Forwarding on this interface alone, and replies to connections that the host's own loopback
 * address began (ip-sysctl.rst, route_localnet): packets from inside to 127.0.0.0/8 are dropped
 * before they are routed; see ruleset.c. No link-local address: it would be one that nothing
 * filters. */
static void put_configuration(struct netlink_batch *batch, bool forwards)
{
	size_t families = netlink_nest(batch, IFLA_AF_SPEC);
	size_t family;
	size_t values;

	if (forwards) {
		family = netlink_nest(batch, AF_INET);
		values = netlink_nest(batch, IFLA_INET_CONF);
		netlink_put_u32(batch, CONF_FORWARDING, 1);
		netlink_put_u32(batch, CONF_ROUTE_LOCALNET, 1);
		netlink_nest_end(batch, values);
		netlink_nest_end(batch, family);
	}
	if (has_ipv6()) {
		family = netlink_nest(batch, AF_INET6);
		netlink_put_u8(batch, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
		netlink_nest_end(batch, family);
	}
	netlink_nest_end(batch, families);
}

static void put_pair(struct netlink_batch *batch, const struct link_plan *plan, int netns_fd)
{
	static const struct ifinfomsg peer_header = { .ifi_family = AF_UNSPEC };
	size_t information;
	size_t data;
	size_t peer;

	begin_link(batch, NLM_F_CREATE | NLM_F_EXCL, 0, 0);
	netlink_put_string(batch, IFLA_IFNAME, plan->host_name);
	netlink_put(batch, IFLA_ADDRESS, plan->mac, sizeof(plan->mac));
	netlink_put_u32(batch, IFLA_MTU, plan->mtu);
	information = netlink_nest(batch, IFLA_LINKINFO);
	netlink_put_string(batch, IFLA_INFO_KIND, "veth");
	data = netlink_nest(batch, IFLA_INFO_DATA);
	peer = batch->length;
	netlink_put(batch, VETH_INFO_PEER, &peer_header, sizeof(peer_header));
	netlink_put_string(batch, IFLA_IFNAME, plan->name);
	netlink_put(batch, IFLA_ADDRESS, plan->mac, sizeof(plan->mac));
	netlink_put_u32(batch, IFLA_MTU, plan->mtu);
	netlink_put_u32(batch, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	netlink_nest_end(batch, peer);
	netlink_nest_end(batch, data);
	netlink_nest_end(batch, information);
	netlink_end(batch);
}

static void put_up(struct netlink_batch *batch, const char *name, uint32_t flags)
{
	begin_link(batch, 0, IFF_UP | flags, IFF_UP | flags);
	netlink_put_string(batch, IFLA_IFNAME, name);
	netlink_end(batch);
}

static void put_settings(struct netlink_batch *batch, const char *name, const char *alias,
			 bool forwards)
{
	begin_link(batch, 0, 0, 0);
	netlink_put_string(batch, IFLA_IFNAME, name);
	if (alias != NULL)
		netlink_put(batch, IFLA_IFALIAS, alias, strlen(alias));
	put_configuration(batch, forwards);
	netlink_end(batch);
}

static uint8_t family_of(const struct ip_address *address)
{
	return address->length == 4 ? AF_INET : AF_INET6;
}

static void put_address(struct netlink_batch *batch, const struct ip_address *address, int index)
{
	const struct ifaddrmsg header = {
		.ifa_family = family_of(address),
		.ifa_prefixlen = (uint8_t)(address->length * 8),
		.ifa_flags = address->length == 4 ? 0 : IFA_F_NODAD,
		.ifa_index = (uint32_t)index,
	};

	netlink_begin(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	netlink_put(batch, IFA_LOCAL, address->bytes, address->length);
	netlink_put(batch, IFA_ADDRESS, address->bytes, address->length);
	netlink_end(batch);
}

static void put_masked(struct netlink_batch *batch, const struct ip_address *address, uint8_t bits)
{
	uint8_t masked[16];

	memcpy(masked, address->bytes, sizeof(masked));
	for (unsigned int i = bits; i < address->length * 8U; i++)
		masked[i / 8] &= (uint8_t) ~(0x80U >> (i % 8));
	netlink_put(batch, RTA_DST, masked, address->length);
}

/* A route to the first `bits` of `to`. `via`: the gateway, or NULL; `index` 0: unreachable. */
static void put_route(struct netlink_batch *batch, uint16_t type, const struct ip_address *to,
		      uint8_t bits, const struct ip_address *via, int index)
{
	const struct rtmsg header = {
		.rtm_family = family_of(to),
		.rtm_dst_len = bits,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = via == NULL && index != 0 && to->length == 4 ? RT_SCOPE_LINK
									  : RT_SCOPE_UNIVERSE,
		.rtm_type = index == 0 ? RTN_UNREACHABLE : RTN_UNICAST,
	};

	netlink_begin(batch, type, type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_REPLACE : 0, &header,
		      sizeof(header));
	if (bits > 0)
		put_masked(batch, to, bits);
	if (via != NULL)
		netlink_put(batch, RTA_GATEWAY, via->bytes, via->length);
	if (index != 0)
		netlink_put_u32(batch, RTA_OIF, (uint32_t)index);
	netlink_end(batch);
}

static int index_of(int fd, const char *name)
{
	struct ifreq request = { 0 };

	if (strlen(name) >= sizeof(request.ifr_name))
		return -ENAMETOOLONG;
	memcpy(request.ifr_name, name, strlen(name) + 1);
	return ioctl(fd, SIOCGIFINDEX, &request) < 0 ? -errno : request.ifr_ifindex;
}

static int send_and_free(int fd, struct netlink_batch *batch)
{
	int result;

	netlink_acknowledge(batch);
	result = netlink_send(fd, batch, batch->sequence);

	netlink_batch_free(batch);
	return result;
}

static int configure_host_end(int fd, const struct link_plan *plan)
{
	struct netlink_batch batch = { 0 };
	int index = index_of(fd, plan->host_name);

	if (index < 0)
		return index;
	put_settings(&batch, plan->host_name, plan->alias, true);
	put_up(&batch, plan->host_name, IFF_NOARP);
	for (size_t i = 0; i < 2; i++) {
		const struct ip_address *address = &plan->addresses[i];

		if (address->length > 0)
			put_route(&batch, RTM_NEWROUTE, address, address->length * 8, NULL, index);
	}
	return send_and_free(fd, &batch);
}

static int configure_inner_end(int fd, const struct link_plan *plan)
{
	struct netlink_batch batch = { 0 };
	int index = index_of(fd, plan->name);

	if (index < 0)
		return index;
	put_settings(&batch, plan->name, NULL, false);
	put_up(&batch, plan->name, IFF_NOARP);
	for (size_t i = 0; i < 2; i++) {
		const struct ip_address *address = &plan->addresses[i];
		const struct ip_address *gateway = &plan->gateways[i];

		if (address->length == 0)
			continue;
		put_address(&batch, address, index);
		put_route(&batch, RTM_NEWROUTE, gateway, gateway->length * 8, NULL, index);
		put_route(&batch, RTM_NEWROUTE, gateway, plan->is_default ? 0 : address->prefix,
			  gateway, index);
	}
	return send_and_free(fd, &batch);
}

int link_attach(const struct link_plan *plan, int netns_fd, struct failure *failure)
{
	struct netlink_batch batch = { 0 };
	owned_fd outside = netlink_open(NETLINK_ROUTE);
	owned_fd inside = netns_open(netns_fd, netlink_open, NETLINK_ROUTE);
	int result;

	if (outside < 0 || inside < 0)
		return fail(failure, STEP_NETWORK, outside < 0 ? -outside : -inside,
			    "open a netlink socket");
	put_pair(&batch, plan, netns_fd);
	result = send_and_free(outside, &batch);
	if (result < 0)
		return fail(failure, STEP_NETWORK, -result, "create the veth pair %s",
			    plan->host_name);
	result = configure_host_end(outside, plan);
	if (result < 0)
		(void)fail(failure, STEP_NETWORK, -result, "configure %s on the host",
			   plan->host_name);
	if (result == 0) {
		result = configure_inner_end(inside, plan);
		if (result < 0)
			(void)fail(failure, STEP_NETWORK, -result, "configure %s in the container",
				   plan->name);
	}
	if (result < 0)
		(void)link_remove(outside, plan->host_name);
	return result;
}

static int create_bridge(int fd, const struct network_plan *plan)
{
	struct netlink_batch batch = { 0 };
	size_t information;
	int result;

	begin_link(&batch, NLM_F_CREATE | NLM_F_EXCL, 0, 0);
	netlink_put_string(&batch, IFLA_IFNAME, plan->name);
	information = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_string(&batch, IFLA_INFO_KIND, "bridge");
	netlink_nest_end(&batch, information);
	netlink_end(&batch);
	result = send_and_free(fd, &batch);
	return result == -EEXIST ? 0 : result;
}

int network_create(int fd, const struct network_plan *plan)
{
	struct netlink_batch batch = { 0 };
	int result = create_bridge(fd, plan);
	int index = result < 0 ? result : index_of(fd, plan->name);

	if (index < 0)
		return index;
	put_settings(&batch, plan->name, plan->alias, false);
	put_up(&batch, plan->name, 0);
	for (size_t i = 0; i < 2; i++) {
		const struct ip_address *gateway = &plan->gateways[i];

		if (gateway->length == 0)
			continue;
		put_address(&batch, gateway, index);
		put_route(&batch, RTM_NEWROUTE, gateway, gateway->prefix, NULL, 0);
	}
	return send_and_free(fd, &batch);
}

int link_remove(int fd, const char *name)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct netlink_batch batch = { 0 };
	int result;

	netlink_begin(&batch, RTM_DELLINK, 0, &header, sizeof(header));
	netlink_put_string(&batch, IFLA_IFNAME, name);
	netlink_end(&batch);
	result = send_and_free(fd, &batch);
	return result == -ENODEV ? 0 : result;
}

void network_remove_routes(int fd, const struct network_plan *plan)
{
	for (size_t i = 0; i < 2; i++) {
		const struct ip_address *gateway = &plan->gateways[i];
		struct netlink_batch batch = { 0 };

		if (gateway->length == 0)
			continue;
		put_route(&batch, RTM_DELROUTE, gateway, gateway->prefix, NULL, 0);
		(void)send_and_free(fd, &batch);
	}
}

static int write_setting(const char *path)
{
	owned_fd fd = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, "1", 1) != 1 ? -errno : 0;
}

int forwarding_enable(bool ipv6)
{
	int result = write_setting("/proc/sys/net/ipv4/ip_forward");

	return result < 0 || !ipv6 ? result
				   : write_setting("/proc/sys/net/ipv6/conf/all/forwarding");
}

struct listing {
	const char *prefix;
	void (*each)(void *context, const char *name, const char *alias);
	void *context;
};

static void list_one(void *context, uint16_t type, const uint8_t *payload, size_t length)
{
	const struct listing *listing = context;
	struct netlink_attribute attribute;
	char name[IFNAMSIZ] = "";
	char alias[256] = "";

	if (type != RTM_NEWLINK || length < sizeof(struct ifinfomsg))
		return;
	payload += sizeof(struct ifinfomsg);
	length -= sizeof(struct ifinfomsg);
	while (netlink_next(&payload, &length, &attribute)) {
		if (attribute.type == IFLA_IFNAME && attribute.length <= sizeof(name))
			memcpy(name, attribute.data, attribute.length);
		if (attribute.type == IFLA_IFALIAS && attribute.length < sizeof(alias))
			memcpy(alias, attribute.data, attribute.length);
	}
	name[sizeof(name) - 1] = '\0';
	if (strncmp(name, listing->prefix, strlen(listing->prefix)) == 0)
		listing->each(listing->context, name, alias);
}

int links_list(int fd, const char *prefix,
	       void (*each)(void *context, const char *name, const char *alias), void *context)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct listing listing = { prefix, each, context };
	struct netlink_batch batch = { 0 };
	int result;

	netlink_begin(&batch, RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
	netlink_end(&batch);
	result = netlink_dump(fd, &batch, list_one, &listing);
	netlink_batch_free(&batch);
	return result;
}
