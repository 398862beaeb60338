#include "tar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BITS 07777U
/* Maximum number of consecutive extension headers: pax, and GNU's for a name and for a target. */
#define EXTENSIONS_MAX 8
/* Largest size that fits in eleven octal digits. */
#define OCTAL_MAX 077777777777ULL

/* struct posix_header of tar(5): offset and length of the fields that are used. */
struct field {
	size_t at;
	size_t length;
};

static const struct field name_field = { 0, 100 };
static const struct field mode_field = { 100, 8 };
static const struct field uid_field = { 108, 8 };
static const struct field gid_field = { 116, 8 };
static const struct field size_field = { 124, 12 };
static const struct field time_field = { 136, 12 };
static const struct field sum_field = { 148, 8 };
static const struct field link_field = { 157, 100 };
static const struct field prefix_field = { 345, 155 };
#define TYPE_AT 156
#define MAGIC_AT 257

/* The record after an entry whose data is incomplete. */
static const char incomplete_record[] = "24 NUCLEUS.incomplete=1\n";

/* What the extension headers of an entry contain. */
struct extension {
	bool has_name;
	bool has_target;
	bool has_size;
	bool has_time;
	bool sparse;
	bool overlong; /* a name beyond the limit */
	uint64_t size;
	int64_t seconds;
	uint32_t nanoseconds;
};

static int refill(struct tar_reader *reader)
{
	ssize_t got = reader->fill(reader->context, reader->buffer, sizeof(reader->buffer));

	if (got < 0)
		return (int)got;
	if (got == 0)
		return -ENODATA;
	reader->start = 0;
	reader->end = (size_t)got;
	return 0;
}

/* Takes up to `wanted` bytes out of the buffer, filling it when it is empty. */
static ssize_t take(struct tar_reader *reader, uint64_t wanted, const uint8_t **data)
{
	size_t length;

	if (reader->start == reader->end) {
		int result = refill(reader);

		if (result < 0)
			return result;
	}
	length = reader->end - reader->start;
	if (length > wanted)
		length = (size_t)wanted;
	*data = reader->buffer + reader->start;
	reader->start += length;
	return (ssize_t)length;
}

static int take_all(struct tar_reader *reader, uint8_t *out, size_t length)
{
	while (length > 0) {
		const uint8_t *data;
		ssize_t got = take(reader, length, &data);

		if (got < 0)
			return (int)got;
		memcpy(out, data, (size_t)got);
		out += got;
		length -= (size_t)got;
	}
	return 0;
}

static int skip(struct tar_reader *reader, uint64_t length)
{
	while (length > 0) {
		const uint8_t *data;
		ssize_t got = take(reader, length, &data);

		if (got < 0)
			return (int)got;
		length -= (uint64_t)got;
	}
	return 0;
}

static uint32_t padding_of(uint64_t size)
{
	return (uint32_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

/* Octal digits, or GNU's base 256. Negative numbers are not supported. */
static int read_number(const uint8_t *header, struct field field, uint64_t *value)
{
	const uint8_t *at = header + field.at;
	const uint8_t *end = at + field.length;

	*value = 0;
	if ((*at & 0x80U) != 0) {
		*value = *at++ & 0x7fU;
		for (; at < end; at++) {
			if (*value >> 55 != 0)
				return -EBADMSG;
			*value = *value << 8 | *at;
		}
		return 0;
	}
	while (at < end && *at == ' ')
		at++;
	for (; at < end && *at != '\0' && *at != ' '; at++) {
		if (*at < '0' || *at > '7' || *value >> 60 != 0)
			return -EBADMSG;
		*value = *value << 3 | (uint64_t)(*at - '0');
	}
	return 0;
}

/* Checks the sum of the header's bytes, in which its own field counts as spaces. */
static bool sum_is_right(const uint8_t header[TAR_BLOCK])
{
	uint64_t told;
	uint64_t sum = 0;
	int64_t sum_signed = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++) {
		bool own = i >= sum_field.at && i < sum_field.at + sum_field.length;

		sum += own ? ' ' : header[i];
		sum_signed += own ? ' ' : (int8_t)header[i];
	}
	return read_number(header, sum_field, &told) == 0 &&
	       (told == sum || (int64_t)told == sum_signed);
}

static bool is_zero(const uint8_t block[TAR_BLOCK])
{
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		if (block[i] != 0)
			return false;
	}
	return true;
}

/* Copies a name of `length` bytes. False if it is too long: `out` has its beginning. */
static bool copy_name(char out[TAR_NAME_MAX], const uint8_t *text, size_t length)
{
	size_t kept = length < TAR_NAME_MAX ? length : TAR_NAME_MAX - 1;

	memcpy(out, text, kept);
	out[kept] = '\0';
	return kept == length;
}

static int read_decimal(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
	*value = 0;
	if (at == end)
		return -EBADMSG;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9' || *value > (INT64_MAX - 9) / 10)
			return -EBADMSG;
		*value = *value * 10 + (uint64_t)(*at - '0');
	}
	return 0;
}

/* Parses seconds with an optional fraction, negative before 1970. */
static int read_time(const uint8_t *at, const uint8_t *end, struct extension *extension)
{
	bool negative = at < end && *at == '-';
	const uint8_t *point;
	uint64_t seconds;
	uint32_t fraction = 0;
	uint32_t unit = 100000000;

	at += negative ? 1 : 0;
	point = memchr(at, '.', (size_t)(end - at));
	if (read_decimal(at, point == NULL ? end : point, &seconds) < 0)
		return -EBADMSG;
	for (at = point == NULL ? end : point + 1; at < end; at++) {
		if (*at < '0' || *at > '9')
			return -EBADMSG;
		fraction += (uint32_t)(*at - '0') * unit;
		unit /= 10;
	}
	extension->seconds = negative ? -(int64_t)seconds : (int64_t)seconds;
	if (negative && fraction > 0) {
		extension->seconds--;
		fraction = 1000000000 - fraction;
	}
	extension->nanoseconds = fraction;
	extension->has_time = true;
	return 0;
}

static bool is_key(const uint8_t *key, size_t length, const char *wanted)
{
	return strlen(wanted) == length && memcmp(key, wanted, length) == 0;
}

static int take_record(const uint8_t *key, size_t key_length, const uint8_t *value,
		       const uint8_t *end, struct extension *extension, struct tar_entry *entry)
{
	static const char sparse[] = "GNU.sparse.";
	size_t length = (size_t)(end - value);

	if (is_key(key, key_length, "path") || is_key(key, key_length, "linkpath")) {
		bool is_path = key_length == 4;

		if (memchr(value, '\0', length) != NULL)
			return -EBADMSG;
		extension->overlong |= !copy_name(is_path ? entry->name : entry->target, value,
						  length);
		extension->has_name |= is_path;
		extension->has_target |= !is_path;
	} else if (is_key(key, key_length, "size")) {
		extension->has_size = true;
		return read_decimal(value, end, &extension->size);
	} else if (is_key(key, key_length, "mtime")) {
		return read_time(value, end, extension);
	} else if (key_length >= sizeof(sparse) - 1 &&
		   memcmp(key, sparse, sizeof(sparse) - 1) == 0) {
		extension->sparse = true;
	}
	return 0;
}

/* Parses records "LENGTH KEY=VALUE\n", whose length includes all of it. */
static int read_records(const uint8_t *at, size_t length, struct extension *extension,
			struct tar_entry *entry)
{
	const uint8_t *end = at + length;

	while (at < end) {
		const uint8_t *space = memchr(at, ' ', (size_t)(end - at));
		const uint8_t *key = space == NULL ? NULL : space + 1;
		const uint8_t *equals;
		uint64_t told;
		int result;

		if (space == NULL || read_decimal(at, space, &told) < 0 ||
		    told > (uint64_t)(end - at) || told < (uint64_t)(key - at) + 2 ||
		    at[told - 1] != '\n')
			return -EBADMSG;
		equals = memchr(key, '=', (size_t)(at + told - 1 - key));
		if (equals == NULL)
			return -EBADMSG;
		result = take_record(key, (size_t)(equals - key), equals + 1, at + told - 1,
				     extension, entry);
		if (result < 0)
			return result;
		at += told;
	}
	return 0;
}

/* Takes a name that a header of GNU tar has as its data, with a final NUL. */
static void take_long_name(struct tar_reader *reader, size_t length, bool is_path,
			   struct extension *extension, struct tar_entry *entry)
{
	size_t real = strnlen((const char *)reader->extended, length);

	extension->overlong |= !copy_name(is_path ? entry->name : entry->target, reader->extended,
					  real);
	extension->has_name |= is_path;
	extension->has_target |= !is_path;
}

/* Reads the data of a header that extends the next one. */
static int read_extension(struct tar_reader *reader, uint8_t type, uint64_t size,
			  struct extension *extension, struct tar_entry *entry)
{
	int result;

	if (size > sizeof(reader->extended))
		return -EBADMSG;
	result = take_all(reader, reader->extended, (size_t)size);
	if (result == 0)
		result = skip(reader, padding_of(size));
	if (result < 0)
		return result;
	if (type == 'x')
		return read_records(reader->extended, (size_t)size, extension, entry);
	/* 'g' applies to the whole archive: nothing in it is of use. */
	if (type != 'g')
		take_long_name(reader, (size_t)size, type == 'L', extension, entry);
	return 0;
}

static size_t field_length(const uint8_t *header, struct field field)
{
	return strnlen((const char *)header + field.at, field.length);
}

static void take_name(const uint8_t *header, struct tar_entry *entry)
{
	size_t name = field_length(header, name_field);
	size_t prefix = memcmp(header + MAGIC_AT, "ustar", 6) == 0
				? field_length(header, prefix_field)
				: 0;

	if (prefix > 0) {
		memcpy(entry->name, header + prefix_field.at, prefix);
		entry->name[prefix++] = '/';
	}
	memcpy(entry->name + prefix, header + name_field.at, name);
	entry->name[prefix + name] = '\0';
}

static void set_type(struct tar_entry *entry, uint8_t type)
{
	size_t length = strlen(entry->name);

	entry->type = TAR_OTHER;
	switch (type) {
	case '\0':
	case '0':
	case '7':
		/* Before POSIX, a trailing slash was the mark of a directory. */
		entry->type = length > 0 && entry->name[length - 1] == '/' ? TAR_DIRECTORY
									   : TAR_FILE;
		return;
	case '1':
		entry->type = TAR_HARD_LINK;
		return;
	case '2':
		entry->type = TAR_SYMBOLIC_LINK;
		return;
	case '5':
		entry->type = TAR_DIRECTORY;
		return;
	case '3':
	case '4':
		entry->what = "a device";
		return;
	case '6':
		entry->what = "a FIFO";
		return;
	case 'S':
		entry->what = "a sparse file in the old format of GNU tar";
		return;
	default:
		entry->what = "of an unknown type";
	}
}

static int finish_entry(struct tar_reader *reader, const uint8_t *header, uint64_t size,
			const struct extension *extension, struct tar_entry *entry)
{
	uint8_t type = header[TYPE_AT];
	uint64_t number;

	if (!extension->has_name)
		take_name(header, entry);
	if (!extension->has_target)
		(void)copy_name(entry->target, header + link_field.at,
				field_length(header, link_field));
	set_type(entry, type);
	if (read_number(header, mode_field, &number) < 0)
		return -EBADMSG;
	entry->mode = (uint32_t)number & BITS;
	entry->seconds = extension->seconds;
	entry->nanoseconds = extension->nanoseconds;
	if (!extension->has_time) {
		/* A time before 1970 may be negative, in base 256. */
		bool good = read_number(header, time_field, &number) == 0 && number <= INT64_MAX;

		entry->seconds = good ? (int64_t)number : 0;
		entry->nanoseconds = 0;
	}
	if (extension->has_size)
		size = extension->size;
	/* Like Go's archive/tar: these never have data, whatever their size says. */
	if (type >= '1' && type <= '6')
		size = 0;
	entry->size = size;
	reader->left = size;
	reader->padding = padding_of(size);
	if (extension->sparse || extension->overlong) {
		entry->type = TAR_OTHER;
		entry->what = extension->sparse ? "a sparse file" : "a name that is too long";
	}
	return 1;
}

/* Reads the second of the two blocks of zeros that end an archive. */
static int read_end(struct tar_reader *reader, uint8_t block[TAR_BLOCK])
{
	int result = take_all(reader, block, TAR_BLOCK);

	if (result < 0)
		return result;
	return is_zero(block) ? 0 : -EBADMSG;
}

static int skip_data(struct tar_reader *reader)
{
	int result = skip(reader, reader->left);

	if (result == 0)
		result = skip(reader, reader->padding);
	reader->left = 0;
	reader->padding = 0;
	return result;
}

static int take_header(struct tar_reader *reader, uint8_t header[TAR_BLOCK])
{
	if (!reader->has_header)
		return take_all(reader, header, TAR_BLOCK);
	memcpy(header, reader->header, TAR_BLOCK);
	reader->has_header = false;
	return 0;
}

int tar_finish(struct tar_reader *reader, bool *incomplete)
{
	static const size_t length = sizeof(incomplete_record) - 1;
	struct extension unused = { 0 };
	uint64_t size;
	int result = skip_data(reader);

	*incomplete = false;
	if (result == 0 && !reader->has_header)
		result = take_all(reader, reader->header, TAR_BLOCK);
	if (result < 0)
		return result;
	reader->has_header = true;
	if (reader->header[TYPE_AT] != 'g' || !sum_is_right(reader->header) ||
	    read_number(reader->header, size_field, &size) < 0 || size != length)
		return 0;
	reader->has_header = false;
	result = read_extension(reader, 'g', size, &unused, NULL);
	if (result == 0)
		*incomplete = memcmp(reader->extended, incomplete_record, length) == 0;
	return result;
}

int tar_next(struct tar_reader *reader, struct tar_entry *entry)
{
	uint8_t header[TAR_BLOCK];
	struct extension extension = { 0 };
	int result = skip_data(reader);

	if (result < 0)
		return result;
	entry->what = "";
	for (int count = 0; count <= EXTENSIONS_MAX; count++) {
		uint64_t size;
		uint8_t type;

		result = take_header(reader, header);
		if (result < 0)
			return result;
		if (is_zero(header))
			return count == 0 ? read_end(reader, header) : -EBADMSG;
		if (!sum_is_right(header) || read_number(header, size_field, &size) < 0)
			return -EBADMSG;
		type = header[TYPE_AT];
		if (type != 'x' && type != 'g' && type != 'L' && type != 'K')
			return finish_entry(reader, header, size, &extension, entry);
		result = read_extension(reader, type, size, &extension, entry);
		if (result < 0)
			return result;
	}
	return -EBADMSG;
}

ssize_t tar_read(struct tar_reader *reader, const uint8_t **data)
{
	ssize_t got;

	if (reader->left == 0)
		return 0;
	got = take(reader, reader->left, data);
	if (got > 0)
		reader->left -= (uint64_t)got;
	return got;
}

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
	uint8_t bytes[2 * TAR_NAME_MAX + 256];
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

/* Writes what doesn't fit into a plain header as pax records. */
static int put_records(struct tar_writer *writer, const struct tar_entry *entry, const char *name,
		       uint64_t size)
{
	struct records records = { .length = 0 };
	char digits[24];
	int result;

	if (strlen(name) > name_field.length)
		add_record(&records, "path", name);
	if (strlen(entry->target) > link_field.length)
		add_record(&records, "linkpath", entry->target);
	if (size > OCTAL_MAX) {
		(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)size);
		add_record(&records, "size", digits);
	}
	if (entry->nanoseconds != 0 || entry->seconds < 0 || (uint64_t)entry->seconds > OCTAL_MAX)
		add_time(&records, entry);
	if (records.length == 0)
		return 0;
	result = put_header(writer, "pax", "", 'x', records.length, 0644, 0);
	if (result == 0)
		result = put(writer, records.bytes, records.length);
	return result == 0 ? put(writer, NULL, padding_of(records.length)) : result;
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
