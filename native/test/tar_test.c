#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "archive.h"
#include "tests.h"

static void entries_are_read_as_written(void **state)
{
	static const size_t lengths[] = { 1, 99, 100, 101, 255, 1000, 4095 };
	char name[TAR_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(name, 'n', lengths[i]);
		name[lengths[i]] = '\0';
		begin();
		add(TAR_FILE, name, "", 0640, "some data");
		add(TAR_SYMBOLIC_LINK, "link", name, 0777, "");
		add(TAR_DIRECTORY, "d", "", 0700, "");
		finish();

		assert_int_equal(tar_next(&reader, &entry), 1);
		assert_int_equal(entry.type, TAR_FILE);
		assert_string_equal(entry.name, name);
		assert_int_equal(entry.size, 9);
		assert_int_equal(entry.mode, 0640);
		assert_int_equal(entry.seconds, 1000000000);
		assert_int_equal(tar_next(&reader, &entry), 1);
		assert_int_equal(entry.type, TAR_SYMBOLIC_LINK);
		assert_string_equal(entry.target, name);
		assert_int_equal(tar_next(&reader, &entry), 1);
		assert_int_equal(entry.type, TAR_DIRECTORY);
		assert_int_equal(tar_next(&reader, &entry), 0);
	}
}

static void large_sizes_and_old_times_are_read_as_written(void **state)
{
	static const struct {
		int64_t seconds;
		uint32_t nanoseconds;
	} times[] = { { 0, 0 }, { 5, 250000000 }, { -1, 0 }, { -1, 750000000 }, { -3, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		begin();
		entry = (struct tar_entry){ .type = TAR_FILE,
					    .name = "big",
					    .size = 1ULL << 40,
					    .seconds = times[i].seconds,
					    .nanoseconds = times[i].nanoseconds };
		assert_int_equal(tar_write(&writer, &entry), 0);
		assert_int_equal(drain(&archive, writer.buffer, writer.length), 0);

		assert_int_equal(tar_next(&reader, &entry), 1);
		assert_true(entry.size == 1ULL << 40);
		assert_true(entry.seconds == times[i].seconds);
		assert_int_equal(entry.nanoseconds, times[i].nanoseconds);
		/* The archive ends before its data. */
		assert_int_equal(tar_next(&reader, &entry), -ENODATA);
	}
}

static void truncated_archives_are_detected(void **state)
{
	(void)state;
	add(TAR_FILE,
	    "a/very/long/name/that/needs/a/header/of/its/own/because/it/is/longer/than/"
	    "one/hundred/bytes/in/all/of/it",
	    "", 0644, "data");
	finish();
	for (size_t length = archive.length - 1; length > 0; length--) {
		struct archive *cut = &archive;
		int result;

		cut->at = 0;
		cut->length = length;
		reader = (struct tar_reader){ .fill = fill, .context = cut };
		do
			result = tar_next(&reader, &entry);
		while (result == 1);
		assert_int_equal(result, -ENODATA);
	}
}

static void set_sum(uint8_t *header)
{
	unsigned int sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += header[i];
	(void)snprintf((char *)header + 148, 8, "%06o", sum);
}

static int read_with(size_t offset, const char *bytes, size_t length)
{
	begin();
	add(TAR_FILE, "name", "", 0644, "");
	finish();
	memcpy(archive.bytes + offset, bytes, length);
	set_sum(archive.bytes);
	return tar_next(&reader, &entry);
}

static void malformed_numbers_are_rejected(void **state)
{
	(void)state;
	assert_int_equal(read_with(124, "9", 1), -EBADMSG);
	assert_int_equal(read_with(124, "-1", 2), -EBADMSG);
	assert_int_equal(read_with(124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12),
			 -EBADMSG);
	assert_int_equal(read_with(124, "\x80\0\0\0\x80\0\0\0\0\0\0\0", 12), -EBADMSG);
	assert_int_equal(read_with(124, "\x80\0\0\0\0\0\0\0\0\0\1\0", 12), 1);
	assert_int_equal(entry.size, 256);
	begin();
	add(TAR_FILE, "name", "", 0644, "");
	finish();
	archive.bytes[0] ^= 1;
	assert_int_equal(tar_next(&reader, &entry), -EBADMSG);
}

/* Entries other than files have no data, whatever size their headers give: otherwise one program
 * would read the next blocks as headers and another as data. */
static void only_files_have_data(void **state)
{
	static const char types[] = "123456";

	(void)state;
	for (const char *type = types; *type != '\0'; type++) {
		begin();
		add(TAR_FILE, "first", "", 0644, "");
		add(TAR_FILE, "second", "", 0644, "");
		finish();
		archive.bytes[156] = (uint8_t)*type;
		memcpy(archive.bytes + 124, "00000001000", 11);
		set_sum(archive.bytes);

		assert_int_equal(tar_next(&reader, &entry), 1);
		assert_int_equal(entry.size, 0);
		assert_int_equal(tar_next(&reader, &entry), 1);
		assert_string_equal(entry.name, "second");
	}
}

/* Reads a file preceded by a pax header with these bytes. */
static int read_after(const char *records, size_t length)
{
	begin();
	add(TAR_FILE, "pax", "", 0644, "");
	memset(writer.buffer + TAR_BLOCK, 0, TAR_BLOCK);
	memcpy(writer.buffer + TAR_BLOCK, records, length);
	writer.buffer[156] = 'x';
	(void)snprintf((char *)writer.buffer + 124, 12, "%011zo", length);
	set_sum(writer.buffer);
	writer.length = 2 * TAR_BLOCK;
	add(TAR_FILE, "name", "", 0644, "");
	finish();
	return tar_next(&reader, &entry);
}

#define READ_AFTER(text) read_after(text, sizeof(text) - 1)

static void inconsistent_records_are_rejected(void **state)
{
	(void)state;
	assert_int_equal(READ_AFTER("9 path=ab\n"), -EBADMSG);
	assert_int_equal(READ_AFTER("99 path=a\n"), -EBADMSG);
	assert_int_equal(READ_AFTER("2 \n"), -EBADMSG);
	assert_int_equal(READ_AFTER("0 path=a\n"), -EBADMSG);
	assert_int_equal(READ_AFTER("-9 path=a\n"), -EBADMSG);
	assert_int_equal(READ_AFTER("99999999999999999999 path=a\n"), -EBADMSG);
	assert_int_equal(READ_AFTER("11 path=a\0b\n"), -EBADMSG);
	assert_int_equal(READ_AFTER("9 size=1x\n"), -EBADMSG);
	assert_int_equal(READ_AFTER("7 path\n"), -EBADMSG);
	assert_int_equal(READ_AFTER("10 path=ab\n9 mtime=\n"), -EBADMSG);
	assert_int_equal(READ_AFTER("11 path=ab\n"), 1);
	assert_string_equal(entry.name, "ab");
	assert_int_equal(READ_AFTER("22 GNU.sparse.major=1\n"), 1);
	assert_int_equal(entry.type, TAR_OTHER);
}

static void extensions_are_bounded(void **state)
{
	(void)state;
	begin();
	add(TAR_FILE, "pax", "", 0644, "");
	writer.buffer[156] = 'x';
	memcpy(writer.buffer + 124, "00000200001", 11);
	set_sum(writer.buffer);
	finish();
	assert_int_equal(tar_next(&reader, &entry), -EBADMSG);

	begin();
	for (int i = 0; i < 100; i++) {
		size_t from = writer.length;

		add(TAR_FILE, "pax", "", 0644, "");
		writer.buffer[from + 156] = 'g';
		set_sum(writer.buffer + from);
	}
	finish();
	assert_int_equal(tar_next(&reader, &entry), -EBADMSG);
}

static void a_sparse_file_is_read_as_written(void **state)
{
	static struct tar_map map = {
		.count = 3, .extents = { { 5, 3 }, { 1ULL << 40, 2 }, { 1ULL << 41, 0 } }
	};
	const uint8_t *data;
	uint64_t offset;

	(void)state;
	begin();
	entry = (struct tar_entry){
		.type = TAR_FILE, .size = 1ULL << 41, .map = &map, .mode = 0600
	};
	(void)snprintf(entry.name, sizeof(entry.name), "a/directory/%0120d", 1);
	assert_int_equal(tar_write(&writer, &entry), 0);
	assert_int_equal(tar_write_data(&writer, "abcde", 5), 0);
	add(TAR_FILE, "next", "", 0644, "x");
	finish();

	assert_int_equal(tar_next(&reader, &entry), 1);
	assert_int_equal(entry.type, TAR_FILE);
	assert_int_equal(strncmp(entry.name, "a/directory/000", 15), 0);
	assert_int_equal(strlen(entry.name), 132);
	assert_true(entry.size == 1ULL << 41);
	assert_true(tar_map_data_length(entry.map) == 5);
	assert_int_equal(tar_read(&reader, &entry, &data, &offset), 3);
	assert_memory_equal(data, "abc", 3);
	assert_int_equal(offset, 5);
	assert_int_equal(tar_read(&reader, &entry, &data, &offset), 2);
	assert_memory_equal(data, "de", 2);
	assert_true(offset == 1ULL << 40);
	assert_int_equal(tar_read(&reader, &entry, &data, &offset), 0);
	assert_int_equal(tar_next(&reader, &entry), 1);
	assert_string_equal(entry.name, "next");
	assert_null(entry.map);
	assert_int_equal(tar_next(&reader, &entry), 0);
}

/* Reads a sparse file of 100 bytes whose list of parts is this, followed by `data` bytes. */
static int read_parts(const char *list, size_t data)
{
	static const char records[] = "22 GNU.sparse.major=1\n"
				      "22 GNU.sparse.minor=0\n"
				      "27 GNU.sparse.realsize=100\n";
	static char content[2 * TAR_BLOCK];

	memset(content, 0, sizeof(content));
	(void)snprintf(content, sizeof(content), "%s", list);
	begin();
	add(TAR_FILE, "pax", "", 0644, "");
	memset(writer.buffer + TAR_BLOCK, 0, TAR_BLOCK);
	memcpy(writer.buffer + TAR_BLOCK, records, sizeof(records) - 1);
	writer.buffer[156] = 'x';
	(void)snprintf((char *)writer.buffer + 124, 12, "%011zo", sizeof(records) - 1);
	set_sum(writer.buffer);
	writer.length = 2 * TAR_BLOCK;
	entry = (struct tar_entry){ .type = TAR_FILE, .name = "name", .size = TAR_BLOCK + data };
	assert_int_equal(tar_write(&writer, &entry), 0);
	assert_int_equal(tar_write_data(&writer, content, TAR_BLOCK + data), 0);
	finish();
	return tar_next(&reader, &entry);
}

static void inconsistent_sparse_maps_are_rejected(void **state)
{
	(void)state;
	assert_int_equal(read_parts("1\n90\n10\n", 10), 1);
	assert_int_equal(entry.size, 100);
	assert_int_equal(read_parts("0\n", 0), 1);
	assert_int_equal(read_parts("1\n90\n11\n", 11), -EBADMSG);
	assert_int_equal(read_parts("1\n101\n0\n", 0), -EBADMSG);
	assert_int_equal(read_parts("1\n90\n10\n", 11), -EBADMSG);
	assert_int_equal(read_parts("1\n90\n10\n", 9), -EBADMSG);
	assert_int_equal(read_parts("2\n50\n5\n40\n5\n", 10), -EBADMSG);
	assert_int_equal(read_parts("2\n50\n5\n54\n5\n", 10), -EBADMSG);
	assert_int_equal(read_parts("2\n50\n5\n", 5), -EBADMSG);
	assert_int_equal(read_parts("1\n-1\n5\n", 5), -EBADMSG);
	assert_int_equal(read_parts("1\n18446744073709551615\n5\n", 5), -EBADMSG);
	assert_int_equal(read_parts("1\n0000000000000000000001\n5\n", 5), -EBADMSG);
	assert_int_equal(read_parts("", 0), -EBADMSG);
	/* Its data is skipped. */
	assert_int_equal(read_parts("16385\n", 5), 1);
	assert_int_equal(entry.type, TAR_OTHER);
	assert_int_equal(tar_next(&reader, &entry), 0);
}

int tar_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_read_as_written),
		cmocka_unit_test(large_sizes_and_old_times_are_read_as_written),
		cmocka_unit_test(truncated_archives_are_detected),
		cmocka_unit_test(malformed_numbers_are_rejected),
		cmocka_unit_test(only_files_have_data),
		cmocka_unit_test(inconsistent_records_are_rejected),
		cmocka_unit_test(extensions_are_bounded),
		cmocka_unit_test(a_sparse_file_is_read_as_written),
		cmocka_unit_test(inconsistent_sparse_maps_are_rejected),
	};

	return cmocka_run_group_tests_name("archives", tests, NULL, NULL);
}
