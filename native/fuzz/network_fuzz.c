/* The requests of a manager to the network helper: whatever it sends, only its own request may
 * suffer. The rules are built but never sent, and no interface is touched. */
#include <stddef.h>
#include <stdint.h>

#include "net/changes.h"

int network_create(int fd, const struct network_plan *plan)
{
	(void)fd;
	(void)plan;
	return 0;
}

int link_remove(int fd, const char *name)
{
	(void)fd;
	(void)name;
	return 0;
}

void network_remove_routes(int fd, const struct network_plan *plan)
{
	(void)fd;
	(void)plan;
}

int forwarding_enable(bool ipv6)
{
	(void)ipv6;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct network network = {
		.route_fd = -1,
		.netfilter_fd = -1,
		.ruleset = { .table = "nucleus", .prefix = "nuabc", .instance = "/state" },
	};
	struct reader reader = { .at = data, .end = data + size };
	struct failure failure = { 0 };

	(void)network_apply(&network, &reader, &failure);
	return 0;
}
