#include "archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct archive archive;
struct tar_writer writer;
struct tar_reader reader;
struct tar_entry entry;

int drain(void *context, const void *bytes, size_t length)
{
	struct archive *to = context;

	assert_true(length <= sizeof(to->bytes) - to->length);
	memcpy(to->bytes + to->length, bytes, length);
	to->length += length;
	return 0;
}

ssize_t fill(void *context, void *bytes, size_t size)
{
	struct archive *from = context;
	size_t part = from->length - from->at < size ? from->length - from->at : size;

	/* In small parts, so that boundaries fall anywhere. */
	part = part < 700 ? part : 700;
	memcpy(bytes, from->bytes + from->at, part);
	from->at += part;
	return (ssize_t)part;
}

void begin(void)
{
	archive.length = archive.at = 0;
	writer = (struct tar_writer){ .drain = drain, .context = &archive };
	reader = (struct tar_reader){ .fill = fill, .context = &archive };
}

void add(enum tar_type type, const char *name, const char *target, uint32_t mode, const char *data)
{
	static struct tar_entry added;

	memset(&added, 0, sizeof(added));
	added.type = type;
	added.mode = mode;
	added.size = strlen(data);
	added.seconds = 1000000000;
	(void)snprintf(added.name, sizeof(added.name), "%s", name);
	(void)snprintf(added.target, sizeof(added.target), "%s", target);
	assert_int_equal(tar_write(&writer, &added), 0);
	if (data[0] != '\0')
		assert_int_equal(tar_write_data(&writer, data, strlen(data)), 0);
}

void finish(void)
{
	assert_int_equal(tar_write_end(&writer), 0);
}
