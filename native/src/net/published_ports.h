/* Published ports of the host, and the containers behind them. */
#ifndef NUCLEUS_PUBLISHED_PORTS_H
#define NUCLEUS_PUBLISHED_PORTS_H

#include "net/ruleset.h"

struct backend {
	uint8_t address[16];
	uint16_t port;
};

/* A published port. `length` 4 or 16; an address of zeros: every address of the host. */
struct published_port {
	uint8_t address[16];
	uint8_t length;
	uint8_t protocol;
	uint16_t port;
};

/* Replaces the backends of a published port; without backends, connections are refused.
 * `was_published`, `is_published`: whether the port is published before and after. */
void port_publish(struct ruleset *ruleset, struct nft *nft, const struct published_port *port,
		  bool was_published, bool is_published, const struct backend *before,
		  size_t before_count, const struct backend *after, size_t after_count);

#endif
