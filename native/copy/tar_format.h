/* The layout of headers that the reader and the writer of archives share: struct posix_header of
 * tar(5). */
#ifndef NUCLEUS_COPY_TAR_FORMAT_H
#define NUCLEUS_COPY_TAR_FORMAT_H

#include "tar.h"

/* Largest size that fits in eleven octal digits. */
#define OCTAL_MAX 077777777777ULL

/* Offset and length of a field. */
struct field {
	size_t at;
	size_t length;
};

static const struct field name_field = { 0, 100 };
static const struct field mode_field = { 100, 8 };
static const struct field size_field = { 124, 12 };
static const struct field time_field = { 136, 12 };
static const struct field sum_field = { 148, 8 };
static const struct field link_field = { 157, 100 };
#define TYPE_AT 156
#define MAGIC_AT 257

/* The record after an entry whose data is incomplete. */
static const char incomplete_record[] = "24 NUCLEUS.incomplete=1\n";

static inline uint32_t padding_of(uint64_t size)
{
	return (uint32_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

#endif
