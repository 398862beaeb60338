/* libFuzzer target: for any input, reading an archive stops at its end or with an error. Names and
 * targets end within their bounds, and data has the length that the header gives.
 * `make fuzz SECONDS=60`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy/printable.h"
#include "copy/tar_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

/* In parts of changing length, so that every boundary is hit. */
static ssize_t fill(void *context, void *bytes, size_t size)
{
	struct input *input = context;
	size_t part = input->left % 700 + 1;

	part = part < size ? part : size;
	part = part < input->left ? part : input->left;
	if (part > 0)
		memcpy(bytes, input->at, part);
	input->at += part;
	input->left -= part;
	return (ssize_t)part;
}

static struct tar_reader reader;
static struct tar_entry entry;

static void check_printable(const char *text)
{
	char shown[200];
	size_t length = printable(shown, sizeof(shown), text, strlen(text));

	if (length >= sizeof(shown) || shown[length] != '\0')
		abort();
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)shown[i] < 0x20 || shown[i] == 0x7f)
			abort();
	}
}

/* Gives every block the right checksum, as if it were a header; few would ever pass otherwise. */
static void set_sums(uint8_t *data, size_t size)
{
	for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) {
		uint8_t *block = data + at;
		unsigned int sum = 8 * ' ';

		if (block[0] == 0)
			continue;
		for (size_t i = 0; i < TAR_BLOCK; i++)
			sum += i >= 148 && i < 156 ? 0 : block[i];
		(void)snprintf((char *)block + 148, 8, "%06o", sum);
	}
}

/* Reads the entry's data, which must be as long and lie where the entry says. */
static void check_data(void)
{
	uint64_t length = entry.map == NULL ? entry.size : tar_map_data_length(entry.map);
	const uint8_t *part;
	uint64_t seen = 0;
	uint64_t end = 0;
	uint64_t offset;
	ssize_t got;

	while ((got = tar_read(&reader, &entry, &part, &offset)) > 0) {
		if (offset < end || offset > entry.size || (uint64_t)got > entry.size - offset)
			abort();
		end = offset + (uint64_t)got;
		seen += (uint64_t)got;
	}
	/* Of an entry that is refused, part of the data may have been read to find out. */
	if (seen > length || (got == 0 && seen != length && entry.type != TAR_OTHER))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size, so that a read past its end is detected. */
	uint8_t *copy = malloc(size == 0 ? 1 : size);
	struct input input = { copy, size };

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	set_sums(copy, size);
	reader.fill = fill;
	reader.context = &input;
	reader.left = 0;
	reader.padding = 0;
	reader.has_header = false;
	reader.start = reader.end = 0;
	while (tar_next(&reader, &entry) == 1) {
		if (memchr(entry.name, '\0', sizeof(entry.name)) == NULL ||
		    memchr(entry.target, '\0', sizeof(entry.target)) == NULL ||
		    entry.nanoseconds > 999999999 || entry.mode > 07777 ||
		    (entry.type == TAR_OTHER) != (entry.what[0] != '\0'))
			abort();
		check_printable(entry.name);
		check_printable(entry.target);
		/* The data of some entries is skipped. */
		if (entry.size % 3 == 0)
			continue;
		check_data();
		if (entry.size % 3 == 1) {
			bool incomplete;

			(void)tar_finish(&reader, &incomplete);
		}
	}
	free(copy);
	return 0;
}
