#include "tar_writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tar_format.h"

static const struct field uid_field = { 108, 8 };
static const struct field gid_field = { 116, 8 };

static int write_out(struct tar_writer *writer)
{
	size_t length = writer->length;

	writer->length = 0;
	return length == 0 ? 0 : writer->drain(writer->context, writer->buffer, length);
}

/* Appends the data, or zeros if it is NULL. */
static int put(struct tar_writer *writer, const void *data, uint64_t length)
{
	const uint8_t *at = data;

	while (length > 0) {
		size_t room = sizeof(writer->buffer) - writer->length;
		size_t part = length < room ? (size_t)length : room;

		if (at == NULL) {
			memset(writer->buffer + writer->length, 0, part);
		} else {
			memcpy(writer->buffer + writer->length, at, part);
			at += part;
		}
		writer->length += part;
		length -= part;
		if (writer->length == sizeof(writer->buffer)) {
			int result = write_out(writer);

			if (result < 0)
				return result;
		}
	}
	return 0;
}

static void put_octal(uint8_t *header, struct field field, uint64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%0*llo", (int)field.length - 1,
		       (unsigned long long)value);
	memcpy(header + field.at, digits, field.length - 1);
}

static int put_header(struct tar_writer *writer, const char *name, const char *target, uint8_t type,
		      uint64_t size, uint32_t mode, int64_t seconds)
{
	static const char magic[8] = { 'u', 's', 't', 'a', 'r', '\0', '0', '0' };
	uint8_t header[TAR_BLOCK] = { 0 };
	unsigned int sum = 0;
	char digits[8];

	memcpy(header + name_field.at, name, strnlen(name, name_field.length));
	memcpy(header + link_field.at, target, strnlen(target, link_field.length));
	put_octal(header, mode_field, mode);
	put_octal(header, uid_field, 0);
	put_octal(header, gid_field, 0);
	put_octal(header, size_field, size <= OCTAL_MAX ? size : 0);
	put_octal(header, time_field, seconds < 0 ? 0 : (uint64_t)seconds & OCTAL_MAX);
	header[TYPE_AT] = type;
	memcpy(header + MAGIC_AT, magic, sizeof(magic));
	memset(header + sum_field.at, ' ', sum_field.length);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += header[i];
	(void)snprintf(digits, sizeof(digits), "%06o", sum);
	memcpy(header + sum_field.at, digits, 7);
	return put(writer, header, sizeof(header));
}

struct records {
	uint8_t bytes[2 * TAR_NAME_MAX + 512];
	size_t length;
};

static void add_record(struct records *records, const char *key, const char *value)
{
	size_t bare = strlen(key) + strlen(value) + 3; /* space, equals sign, newline */
	size_t digits = 1;
	int written;

	/* Its length includes its own digits. */
	for (size_t limit = 10; bare + digits >= limit; limit *= 10)
		digits++;
	written = snprintf((char *)records->bytes + records->length,
			   sizeof(records->bytes) - records->length, "%zu %s=%s\n", bare + digits,
			   key, value);
	records->length += (size_t)written;
}

static void add_time(struct records *records, const struct tar_entry *entry)
{
	bool before = entry->seconds < 0 && entry->nanoseconds > 0;
	long long seconds = (long long)entry->seconds + (before ? 1 : 0);
	uint32_t fraction = before ? 1000000000 - entry->nanoseconds : entry->nanoseconds;
	char value[48];

	(void)snprintf(value, sizeof(value), "%s%lld.%09u",
		       entry->seconds < 0 && seconds == 0 ? "-" : "", seconds, fraction);
	add_record(records, "mtime", value);
}

static void add_number(struct records *records, const char *key, uint64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	add_record(records, key, digits);
}

/* Writes what doesn't fit into a plain header as pax records. */
static int put_records(struct tar_writer *writer, const struct tar_entry *entry, const char *name,
		       uint64_t size)
{
	struct records records = { .length = 0 };
	int result;

	if (entry->map != NULL) {
		add_record(&records, "GNU.sparse.major", "1");
		add_record(&records, "GNU.sparse.minor", "0");
		add_record(&records, "GNU.sparse.name", name);
		add_number(&records, "GNU.sparse.realsize", entry->size);
	} else if (strlen(name) > name_field.length) {
		add_record(&records, "path", name);
	}
	if (strlen(entry->target) > link_field.length)
		add_record(&records, "linkpath", entry->target);
	if (size > OCTAL_MAX)
		add_number(&records, "size", size);
	if (entry->nanoseconds != 0 || entry->seconds < 0 || (uint64_t)entry->seconds > OCTAL_MAX)
		add_time(&records, entry);
	if (records.length == 0)
		return 0;
	result = put_header(writer, "pax", "", 'x', records.length, 0644, 0);
	if (result == 0)
		result = put(writer, records.bytes, records.length);
	return result == 0 ? put(writer, NULL, padding_of(records.length)) : result;
}

static size_t map_line(char line[48], uint64_t value)
{
	return (size_t)snprintf(line, 48, "%llu\n", (unsigned long long)value);
}

/* Writes the list of a sparse file's parts, or, without a writer, only computes its length. */
static int put_map(struct tar_writer *writer, const struct tar_map *map, uint64_t *length)
{
	char line[48];
	size_t size = map_line(line, map->count);
	int result = writer == NULL ? 0 : put(writer, line, size);

	*length = size;
	for (size_t i = 0; i < 2 * map->count && result == 0; i++) {
		const struct tar_extent *extent = &map->extents[i / 2];

		size = map_line(line, i % 2 == 0 ? extent->offset : extent->length);
		*length += size;
		if (writer != NULL)
			result = put(writer, line, size);
	}
	if (writer != NULL && result == 0)
		result = put(writer, NULL, padding_of(*length));
	*length += padding_of(*length);
	return result;
}

/* A name of its own, so that what a reader without sparse support extracts isn't mistaken for the
 * file. */
static const char *placeholder_name(char out[101], const char *name)
{
	const char *slash = strrchr(name, '/');

	(void)snprintf(out, 101, "GNUSparseFile.0/%.80s", slash == NULL ? name : slash + 1);
	return out;
}

static int put_sparse(struct tar_writer *writer, const struct tar_entry *entry)
{
	uint64_t data = tar_map_data_length(entry->map);
	char name[101];
	uint64_t length;
	int result;

	(void)put_map(NULL, entry->map, &length);
	result = put_records(writer, entry, entry->name, length + data);
	if (result == 0)
		result = put_header(writer, placeholder_name(name, entry->name), "", '0',
				    length + data, entry->mode, entry->seconds);
	if (result == 0)
		result = put_map(writer, entry->map, &length);
	writer->left = data;
	writer->padding = padding_of(data);
	return result;
}

int tar_write(struct tar_writer *writer, const struct tar_entry *entry)
{
	static const uint8_t types[] = {
		[TAR_FILE] = '0',
		[TAR_DIRECTORY] = '5',
		[TAR_SYMBOLIC_LINK] = '2',
		[TAR_HARD_LINK] = '1',
	};
	/* A directory's name ends in a slash, as other writers of archives have it. */
	const char *slash = entry->type == TAR_DIRECTORY ? "/" : "";
	uint64_t size = entry->type == TAR_FILE ? entry->size : 0;
	char name[TAR_NAME_MAX];
	int length = snprintf(name, sizeof(name), "%s%s", entry->name, slash);
	int result;

	if (entry->map != NULL)
		return put_sparse(writer, entry);
	if (length >= (int)sizeof(name))
		memcpy(name, entry->name, sizeof(name));
	result = put_records(writer, entry, name, size);
	if (result == 0)
		result = put_header(writer, name, entry->target, types[entry->type], size,
				    entry->mode, entry->seconds);
	writer->left = size;
	writer->padding = padding_of(size);
	return result;
}

int tar_write_data(struct tar_writer *writer, const void *data, size_t length)
{
	int result = put(writer, data, length);

	writer->left -= length;
	if (result == 0 && writer->left == 0) {
		result = put(writer, NULL, writer->padding);
		writer->padding = 0;
	}
	return result;
}

int tar_write_missing(struct tar_writer *writer)
{
	static const size_t length = sizeof(incomplete_record) - 1;
	int result = put(writer, NULL, writer->left);

	writer->left = 0;
	if (result == 0)
		result = put(writer, NULL, writer->padding);
	writer->padding = 0;
	if (result == 0)
		result = put_header(writer, "pax", "", 'g', length, 0644, 0);
	if (result == 0)
		result = put(writer, incomplete_record, length);
	return result == 0 ? put(writer, NULL, padding_of(length)) : result;
}

int tar_write_end(struct tar_writer *writer)
{
	int result = put(writer, NULL, (uint64_t)2 * TAR_BLOCK);

	return result == 0 ? write_out(writer) : result;
}
