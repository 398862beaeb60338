#include "printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char cut[] = "...";

/* The length of the well-formed UTF-8 sequence at the beginning (RFC 3629), or 0. */
static size_t decode(const uint8_t *at, size_t length, uint32_t *point)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = at[0] < 0x80              ? 1
		      : (at[0] & 0xe0U) == 0xc0 ? 2
		      : (at[0] & 0xf0U) == 0xe0 ? 3
		      : (at[0] & 0xf8U) == 0xf0 ? 4
						: 0;

	if (size == 0 || size > length)
		return 0;
	*point = size == 1 ? at[0] : at[0] & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if ((at[i] & 0xc0U) != 0x80)
			return 0;
		*point = *point << 6 | (at[i] & 0x3fU);
	}
	if (*point < smallest[size] || *point > 0x10ffff || (*point >= 0xd800 && *point <= 0xdfff))
		return 0;
	return size;
}

/* Whether it moves the cursor, changes the direction of other text (Unicode TR #36,
 * CVE-2021-42574), or is invisible. */
static bool is_hidden(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad || point == 0x61c ||
	       point == 0x180e || (point >= 0x200b && point <= 0x200f) ||
	       (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x206f) ||
	       point == 0xfeff || (point >= 0xfff9 && point <= 0xfffb) ||
	       (point >= 0xe0000 && point <= 0xe0fff);
}

size_t printable(char *out, size_t size, const char *text, size_t length)
{
	size_t at = 0;
	size_t used = 0;

	while (at < length) {
		const uint8_t *bytes = (const uint8_t *)text + at;
		uint32_t point = 0;
		size_t taken = decode(bytes, length - at, &point);
		bool raw = taken > 0 && !is_hidden(point);
		size_t needed = raw ? taken : 4 * (taken > 0 ? taken : 1);

		taken = taken > 0 ? taken : 1;
		if (used + needed + sizeof(cut) > size) {
			memcpy(out + used, cut, sizeof(cut));
			return used + sizeof(cut) - 1;
		}
		if (raw)
			memcpy(out + used, bytes, taken);
		for (size_t i = 0; i < taken && !raw; i++)
			(void)snprintf(out + used + 4 * i, 5, "\\x%02x", bytes[i]);
		used += needed;
		at += taken;
	}
	out[used] = '\0';
	return used;
}
