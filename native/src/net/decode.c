#include "net/decode.h"

#include <net/if.h>
#include <string.h>

#define MTU_MIN 68U
#define MTU_MAX 65535U

/* Names may hold what nft(8) reads back as one word. */
static bool is_name(const char *text, size_t longest)
{
	size_t length = strlen(text);

	if (length == 0 || length > longest)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_' || c == '.' || c == '/'))
			return false;
	}
	return true;
}

const char *read_name(struct reader *reader, size_t longest)
{
	const char *name = read_string(reader);

	if (!is_name(name, longest))
		reader->faulty = true;
	return name;
}

const char *read_interface(struct reader *reader)
{
	const char *name = read_name(reader, IFNAMSIZ - 1);

	if (strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		reader->faulty = true;
	return name;
}

/* An address of `family`, or none. */
static struct ip_address read_address(struct reader *reader, size_t family)
{
	struct ip_address address = { 0 };
	size_t length;
	const uint8_t *bytes = read_bytes(reader, &length);

	address.prefix = read_u8(reader);
	if ((length != 0 && length != (family == 0 ? 4U : 16U)) || address.prefix > length * 8)
		reader->faulty = true;
	if (reader->faulty)
		return (struct ip_address){ 0 };
	address.length = (uint8_t)length;
	if (length > 0)
		memcpy(address.bytes, bytes, length);
	return address;
}

void read_addresses(struct reader *reader, struct ip_address addresses[2])
{
	for (size_t family = 0; family < 2; family++)
		addresses[family] = read_address(reader, family);
	if (addresses[0].length == 0 && addresses[1].length == 0)
		reader->faulty = true;
}

void read_pairs(struct reader *reader, struct ip_address addresses[2],
		struct ip_address gateways[2])
{
	read_addresses(reader, addresses);
	read_addresses(reader, gateways);
	for (size_t family = 0; family < 2; family++) {
		if (addresses[family].length != gateways[family].length)
			reader->faulty = true;
	}
}

void read_link(struct reader *reader, struct link_plan *plan)
{
	size_t length;
	const uint8_t *mac;

	plan->host_name = read_interface(reader);
	if (strncmp(plan->host_name, "nu", 2) != 0)
		reader->faulty = true;
	plan->name = read_interface(reader);
	plan->alias = read_string(reader);
	plan->mtu = read_u32(reader);
	mac = read_bytes(reader, &length);
	if (length != sizeof(plan->mac) || plan->mtu < MTU_MIN || plan->mtu > MTU_MAX)
		reader->faulty = true;
	else
		memcpy(plan->mac, mac, sizeof(plan->mac));
	read_pairs(reader, plan->addresses, plan->gateways);
	plan->is_default = read_u8(reader) != 0;
}
