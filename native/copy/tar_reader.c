#include "tar_reader.h"

#include <errno.h>
#include <string.h>

#include "tar_format.h"

#define BITS 07777U
/* Maximum number of consecutive extension headers: pax, and GNU's for a name and for a target. */
#define EXTENSIONS_MAX 8

static const struct field prefix_field = { 345, 155 };

/* What the extension headers of an entry contain. */
struct extension {
	bool has_name;
	bool has_target;
	bool has_size;
	bool has_time;
	bool is_sparse; /* in any of GNU tar's formats; the next three are those of 1.0 */
	bool is_major_1;
	bool is_minor_0;
	bool has_real_size;
	bool has_sparse_name; /* takes precedence over "path" */
	bool overlong;        /* a name beyond the limit */
	uint64_t size;
	uint64_t real_size; /* of a sparse file, with its holes */
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
	uint64_t stated;
	uint64_t sum = 0;
	int64_t sum_signed = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++) {
		bool own = i >= sum_field.at && i < sum_field.at + sum_field.length;

		sum += own ? ' ' : header[i];
		sum_signed += own ? ' ' : (int8_t)header[i];
	}
	return read_number(header, sum_field, &stated) == 0 &&
	       (stated == sum || (int64_t)stated == sum_signed);
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

/* Takes a record of a sparse file, "GNU.sparse.KEY=VALUE"
 * (https://www.gnu.org/software/tar/manual/html_node/PAX-1.html). */
static int take_sparse_record(const uint8_t *key, size_t key_length, const uint8_t *value,
			      const uint8_t *end, struct extension *extension,
			      struct tar_entry *entry)
{
	size_t length = (size_t)(end - value);

	extension->is_sparse = true;
	if (is_key(key, key_length, "major")) {
		extension->is_major_1 = length == 1 && *value == '1';
	} else if (is_key(key, key_length, "minor")) {
		extension->is_minor_0 = length == 1 && *value == '0';
	} else if (is_key(key, key_length, "realsize")) {
		extension->has_real_size = true;
		return read_decimal(value, end, &extension->real_size);
	} else if (is_key(key, key_length, "name")) {
		if (memchr(value, '\0', length) != NULL)
			return -EBADMSG;
		extension->overlong |= !copy_name(entry->name, value, length);
		extension->has_name = extension->has_sparse_name = true;
	}
	return 0;
}

static int take_record(const uint8_t *key, size_t key_length, const uint8_t *value,
		       const uint8_t *end, struct extension *extension, struct tar_entry *entry)
{
	static const char sparse[] = "GNU.sparse.";
	static const size_t sparse_length = sizeof(sparse) - 1;
	size_t length = (size_t)(end - value);

	if (is_key(key, key_length, "path") && extension->has_sparse_name)
		return 0;
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
	} else if (key_length >= sparse_length && memcmp(key, sparse, sparse_length) == 0) {
		return take_sparse_record(key + sparse_length, key_length - sparse_length, value,
					  end, extension, entry);
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
		uint64_t record_length;
		int result;

		if (space == NULL || read_decimal(at, space, &record_length) < 0 ||
		    record_length > (uint64_t)(end - at) ||
		    record_length < (uint64_t)(key - at) + 2 || at[record_length - 1] != '\n')
			return -EBADMSG;
		equals = memchr(key, '=', (size_t)(at + record_length - 1 - key));
		if (equals == NULL)
			return -EBADMSG;
		result = take_record(key, (size_t)(equals - key), equals + 1,
				     at + record_length - 1, extension, entry);
		if (result < 0)
			return result;
		at += record_length;
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
	entry->error = 0;
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
		entry->error = EOPNOTSUPP;
		return;
	default:
		entry->what = "of an unknown type";
	}
}

/* Reads a line with a number out of the entry's data. */
static int read_map_number(struct tar_reader *reader, uint64_t *value)
{
	uint8_t digits[20];

	for (size_t length = 0; reader->left > 0 && length < sizeof(digits); length++) {
		int result = take_all(reader, digits + length, 1);

		if (result < 0)
			return result;
		reader->left--;
		if (digits[length] == '\n')
			return read_decimal(digits, digits + length, value);
	}
	return -EBADMSG;
}

/* Reads which parts of a sparse file have data: a list at the beginning of its data, padded to
 * whole blocks. Returns 1, or a negative errno. */
static int read_map(struct tar_reader *reader, struct tar_entry *entry)
{
	uint64_t before = reader->left;
	uint64_t total = 0;
	uint64_t end = 0;
	uint64_t count;
	uint32_t padding;
	int result = read_map_number(reader, &count);

	if (result < 0)
		return result;
	if (count > TAR_EXTENTS_MAX) {
		entry->type = TAR_OTHER;
		entry->what = "a sparse file with too many extents";
		entry->error = EFBIG;
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		struct tar_extent *extent = &reader->map.extents[i];

		result = read_map_number(reader, &extent->offset);
		if (result == 0)
			result = read_map_number(reader, &extent->length);
		if (result < 0)
			return result;
		if (extent->offset < end || extent->offset > entry->size ||
		    extent->length > entry->size - extent->offset)
			return -EBADMSG;
		end = extent->offset + extent->length;
		total += extent->length;
	}
	padding = padding_of(before - reader->left);
	if (padding > reader->left || reader->left - padding != total)
		return -EBADMSG;
	result = skip(reader, padding);
	if (result < 0)
		return result;
	reader->left = total;
	reader->map.count = (size_t)count;
	reader->extent = 0;
	reader->within = 0;
	entry->map = &reader->map;
	return 1;
}

static bool has_map(const struct extension *extension, const struct tar_entry *entry)
{
	return entry->type == TAR_FILE && extension->is_major_1 && extension->is_minor_0 &&
	       extension->has_real_size && !extension->overlong;
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
	entry->map = NULL;
	reader->left = size;
	reader->offset = 0;
	reader->padding = padding_of(size);
	if (has_map(extension, entry)) {
		entry->size = extension->real_size;
		return read_map(reader, entry);
	}
	if (extension->is_sparse || extension->overlong) {
		entry->type = TAR_OTHER;
		entry->error = extension->overlong ? ENAMETOOLONG : EOPNOTSUPP;
		entry->what = extension->overlong ? "a name that is too long"
						  : "a sparse file in an unsupported format";
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

ssize_t tar_read(struct tar_reader *reader, const struct tar_entry *entry, const uint8_t **data,
		 uint64_t *offset)
{
	uint64_t wanted = reader->left;
	ssize_t got;

	if (wanted == 0)
		return 0;
	if (entry->map != NULL) {
		const struct tar_extent *extent = &entry->map->extents[reader->extent];

		while (reader->within == extent->length) {
			extent = &entry->map->extents[++reader->extent];
			reader->within = 0;
		}
		wanted = extent->length - reader->within;
		reader->offset = extent->offset + reader->within;
	}
	got = take(reader, wanted, data);
	if (got <= 0)
		return got;
	*offset = reader->offset;
	reader->offset += (uint64_t)got;
	reader->within += (uint64_t)got;
	reader->left -= (uint64_t)got;
	return got;
}
