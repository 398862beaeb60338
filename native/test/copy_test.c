#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "copy/beneath.h"
#include "copy/pack.h"
#include "copy/printable.h"
#include "copy/unpack.h"
#include "tests.h"

/* An archive in memory, written and then read. */
struct archive {
	uint8_t bytes[1 << 20];
	size_t length;
	size_t at;
};

static struct archive archive;
static struct tar_writer writer;
static struct tar_reader reader;
static struct tar_entry entry;
static char directory[] = "/tmp/nucleus-copy-test-XXXXXX";
static int null_fd;
static int stderr_fd;

static int drain(void *context, const void *bytes, size_t length)
{
	struct archive *to = context;

	assert_true(length <= sizeof(to->bytes) - to->length);
	memcpy(to->bytes + to->length, bytes, length);
	to->length += length;
	return 0;
}

static ssize_t fill(void *context, void *bytes, size_t size)
{
	struct archive *from = context;
	size_t part = from->length - from->at < size ? from->length - from->at : size;

	/* In small parts, so that boundaries fall anywhere. */
	part = part < 700 ? part : 700;
	memcpy(bytes, from->bytes + from->at, part);
	from->at += part;
	return (ssize_t)part;
}

static void begin(void)
{
	archive.length = archive.at = 0;
	writer = (struct tar_writer){ .drain = drain, .context = &archive };
	reader = (struct tar_reader){ .fill = fill, .context = &archive };
}

static void add(enum tar_type type, const char *name, const char *target, uint32_t mode,
		const char *data)
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

static void finish(void)
{
	assert_int_equal(tar_write_end(&writer), 0);
}

static void remove_tree(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	assert_int_equal(system(command), 0);
}

/* An empty directory, and a quiet standard error. */
static int set_up(void **state)
{
	(void)state;
	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(directory));
	stderr_fd = dup(STDERR_FILENO);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)dup2(null_fd, STDERR_FILENO);
	begin();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)dup2(stderr_fd, STDERR_FILENO);
	(void)close(stderr_fd);
	(void)close(null_fd);
	remove_tree();
	return 0;
}

static const char *at(const char *name)
{
	static char path[2][PATH_SIZE];
	static int turn;

	turn = 1 - turn;
	(void)snprintf(path[turn], sizeof(path[turn]), "%s/%s", directory, name);
	return path[turn];
}

static bool is_there(const char *name)
{
	struct stat status;

	return lstat(at(name), &status) == 0;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "w");

	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

static const char *content(const char *name)
{
	static char text[256];
	FILE *file = fopen(at(name), "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	(void)fclose(file);
	return text;
}

/* Unpacks the archive into "in", under its own names. */
static int unpack_here(struct report *report, const char *from, bool links)
{
	struct destination destination = { .directory = open(at("in"), O_PATH | O_DIRECTORY) };
	const struct unpacking unpacking = { .reader = &reader,
					     .report = report,
					     .destination = &destination,
					     .links = links,
					     .mask = 022 };
	int result;

	assert_true(destination.directory >= 0);
	(void)snprintf(destination.from, sizeof(destination.from), "%s", from);
	(void)snprintf(destination.name, sizeof(destination.name), "%s", from);
	result = unpack(&unpacking);
	(void)close(destination.directory);
	return result;
}

static void what_is_written_is_read(void **state)
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

static void every_archive_that_was_cut_short_is_known_to_be(void **state)
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

static void records_that_lie_are_refused(void **state)
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

/* CVE-2019-1002101, CVE-2019-11246: no name leads out of the tree. */
static void escaping_names_are_skipped(void **state)
{
	static const char *const names[] = {
		"/etc/x", "../x", "t/../../x", "t/..", "..", "t/a/../x"
	};
	struct report report = { 0 };

	(void)state;
	assert_int_equal(mkdir(at("in"), 0755), 0);
	add(TAR_DIRECTORY, "t", "", 0755, "");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add(TAR_FILE, names[i], "", 0644, "evil");
	add(TAR_FILE, "other/x", "", 0644, "evil");
	add(TAR_FILE, "t2", "", 0644, "evil");
	add(TAR_FILE, "./t//./a", "", 0644, "good");
	finish();

	assert_int_equal(unpack_here(&report, "t", true), 0);
	assert_int_equal(report.left_out, 8);
	assert_int_equal(report.files, 2);
	assert_string_equal(content("in/t/a"), "good");
	assert_false(is_there("x"));
	assert_false(is_there("in/x"));
	assert_false(is_there("in/other"));
	assert_false(is_there("in/t2"));
}

/* CVE-2019-11251, CVE-2018-15664: no file is written through a link, whether from the archive
 * or not. */
static void nothing_is_written_through_a_link(void **state)
{
	struct report report = { 0 };

	(void)state;
	assert_int_equal(mkdir(at("in"), 0755), 0);
	assert_int_equal(mkdir(at("out"), 0755), 0);
	write_file("out/victim", "mine");
	assert_int_equal(symlink("../out", at("in/there")), 0);
	assert_int_equal(symlink("../out/victim", at("in/file")), 0);
	add(TAR_SYMBOLIC_LINK, "l", "../out", 0777, "");
	add(TAR_FILE, "l/planted", "", 0644, "evil");
	add(TAR_FILE, "there/planted", "", 0644, "evil");
	add(TAR_DIRECTORY, "there", "", 0777, "");
	add(TAR_FILE, "file", "", 0644, "copied");
	add(TAR_HARD_LINK, "h", "l/victim", 0644, "");
	add(TAR_HARD_LINK, "h2", "../out/victim", 0644, "");
	add(TAR_HARD_LINK, "h3", "l", 0644, "");
	add(TAR_HARD_LINK, "h4", "file", 0644, "");
	finish();

	assert_int_equal(unpack_here(&report, "", true), 0);
	assert_int_equal(report.failed, 5);
	assert_int_equal(report.left_out, 1);
	assert_string_equal(content("out/victim"), "mine");
	assert_false(is_there("out/planted"));
	assert_string_equal(content("in/file"), "copied");
	assert_string_equal(content("in/h4"), "copied");
	assert_false(is_there("in/h"));
	assert_false(is_there("in/h2"));
	assert_false(is_there("in/h3"));
}

static void links_and_special_bits_do_not_come_out(void **state)
{
	struct report report = { 0 };
	struct stat status;

	(void)state;
	assert_int_equal(mkdir(at("in"), 0755), 0);
	add(TAR_SYMBOLIC_LINK, "t/l", "/etc/passwd", 0777, "");
	add(TAR_FILE, "t/f", "", 06777, "x");
	add(TAR_HARD_LINK, "t/h", "t/f", 0644, "");
	add(TAR_DIRECTORY, "t/d", "", 07777, "");
	finish();

	assert_int_equal(unpack_here(&report, "t", false), 0);
	assert_false(is_there("in/t/l"));
	assert_false(is_there("in/t/h"));
	assert_int_equal(stat(at("in/t/f"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
	assert_int_equal(stat(at("in/t/d"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
	assert_int_equal(report.left_out, 3);
}

static void what_is_special_is_not_replaced(void **state)
{
	struct report report = { 0 };

	(void)state;
	assert_int_equal(mkdir(at("in"), 0755), 0);
	assert_int_equal(mkfifo(at("in/fifo"), 0644), 0);
	assert_int_equal(mkdir(at("in/d"), 0755), 0);
	write_file("in/f", "old");
	add(TAR_FILE, "fifo", "", 0644, "x");
	add(TAR_FILE, "d", "", 0644, "x");
	add(TAR_FILE, "f/x", "", 0644, "x");
	add(TAR_FILE, "f", "", 0644, "new");
	finish();

	assert_int_equal(unpack_here(&report, "", true), 0);
	assert_int_equal(report.failed, 3);
	assert_string_equal(content("in/f"), "new");
}

static unsigned int count_files(void)
{
	char command[128];
	FILE *pipe;
	unsigned int count = 0;

	(void)snprintf(command, sizeof(command), "find '%s' -type f | wc -l", directory);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%u", &count), 1);
	(void)pclose(pipe);
	return count;
}

static void nothing_is_left_of_a_file_that_is_not_whole(void **state)
{
	struct report report = { 0 };

	(void)state;
	assert_int_equal(mkdir(at("in"), 0755), 0);
	write_file("in/f", "old");
	add(TAR_FILE, "f", "", 0644, "new data");
	finish();
	archive.length = TAR_BLOCK + 4;

	assert_int_equal(unpack_here(&report, "f", true), -ENODATA);
	assert_string_equal(content("in/f"), "old");
	assert_int_equal(count_files(), 1);
}

static void an_incomplete_file_replaces_nothing(void **state)
{
	struct report report = { 0 };

	(void)state;
	assert_int_equal(mkdir(at("in"), 0755), 0);
	assert_int_equal(mkdir(at("in/t"), 0755), 0);
	write_file("in/t/shrunk", "complete");
	entry = (struct tar_entry){ .type = TAR_FILE, .mode = 0644, .size = 1000 };
	(void)snprintf(entry.name, sizeof(entry.name), "t/shrunk");
	assert_int_equal(tar_write(&writer, &entry), 0);
	assert_int_equal(tar_write_data(&writer, "part", 4), 0);
	assert_int_equal(tar_write_missing(&writer), 0);
	add(TAR_FILE, "t/next", "", 0644, "good");
	finish();

	assert_int_equal(unpack_here(&report, "t", true), 0);
	assert_int_equal(report.failed, 1);
	assert_string_equal(content("in/t/shrunk"), "complete");
	assert_string_equal(content("in/t/next"), "good");
	assert_int_equal(count_files(), 2);
}

static void zeros_become_holes(void **state)
{
	struct report report = { 0 };
	struct stat status;
	static char zeros[1 << 18];

	(void)state;
	assert_int_equal(mkdir(at("in"), 0755), 0);
	entry = (struct tar_entry){ .type = TAR_FILE, .name = "f", .mode = 0644 };
	entry.size = sizeof(zeros) + 1;
	assert_int_equal(tar_write(&writer, &entry), 0);
	assert_int_equal(tar_write_data(&writer, "x", 1), 0);
	assert_int_equal(tar_write_data(&writer, zeros, sizeof(zeros)), 0);
	finish();

	assert_int_equal(unpack_here(&report, "f", true), 0);
	assert_int_equal(stat(at("in/f"), &status), 0);
	assert_int_equal(status.st_size, sizeof(zeros) + 1);
	assert_true(status.st_blocks <= 32);
}

static void pack_directory(struct report *report, bool links)
{
	const struct packing packing = { .writer = &writer, .report = report, .links = links };
	int fd = open(directory, O_PATH | O_DIRECTORY);

	assert_int_equal(pack(&packing, fd, "from"), 0);
	(void)close(fd);
	finish();
}

static void a_tree_is_copied(void **state)
{
	struct report packed = { 0 };
	struct report unpacked = { 0 };

	(void)state;
	assert_int_equal(mkdir(at("in"), 0755), 0);
	assert_int_equal(mkdir(at("from"), 0755), 0);
	assert_int_equal(mkdir(at("from/empty"), 0555), 0);
	assert_int_equal(mkdir(at("from/d"), 0755), 0);
	write_file("from/d/f", "text");
	write_file("from/\x1b[31mred", "");
	assert_int_equal(symlink("d/f", at("from/l")), 0);
	assert_int_equal(mkfifo(at("from/fifo"), 0644), 0);
	pack_directory(&packed, true);

	assert_int_equal(unpack_here(&unpacked, "from", true), 0);
	assert_int_equal(packed.left_out, 1);
	assert_int_equal(packed.files, 6);
	assert_int_equal(unpacked.files, 6);
	assert_string_equal(content("in/from/d/f"), "text");
	assert_string_equal(content("in/from/l"), "text");
	assert_true(is_there("in/from/empty"));
	assert_true(is_there("in/from/\x1b[31mred"));
}

static void deep_trees_end_somewhere(void **state)
{
	struct report packed = { 0 };
	struct report unpacked = { 0 };
	int fd;

	(void)state;
	assert_int_equal(mkdir(at("in"), 0755), 0);
	assert_int_equal(mkdir(at("from"), 0755), 0);
	fd = open(at("from"), O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < DEPTH_MAX + 10; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	pack_directory(&packed, true);

	assert_int_equal(packed.failed, 1);
	assert_int_equal(packed.files, DEPTH_MAX);
	assert_int_equal(unpack_here(&unpacked, "from", true), 0);
	assert_int_equal(unpacked.failed, 0);
}

static void paths_through_links_are_rejected(void **state)
{
	size_t length;
	int root;
	int fd;

	(void)state;
	assert_int_equal(mkdir(at("a"), 0755), 0);
	assert_int_equal(mkdir(at("a/b"), 0755), 0);
	assert_int_equal(symlink("b", at("a/l")), 0);
	root = open(directory, O_PATH | O_DIRECTORY);
	assert_int_equal(beneath_open(root, "/a/l/c", &length), -ELOOP);
	assert_int_equal(length, 4);
	assert_int_equal(beneath_open(root, "a/../a", &length), -EXDEV);
	assert_int_equal(beneath_open(root, "a/c", &length), -ENOENT);
	fd = beneath_open(root, "//a/./b/", &length);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)close(root);
}

static void paths_are_taken_apart(void **state)
{
	static const struct {
		const char *path;
		const char *parent;
		const char *base;
		bool directory;
	} cases[] = {
		{ "f", ".", "f", false },     { "/f", "/", "f", false }, { "a/f", "a", "f", false },
		{ "a/f//", "a", "f", true },  { "/", "/", "", true },    { "//", "/", "", true },
		{ ".", ".", "", true },       { "..", "..", "", true },  { "a/.", "a", "", true },
		{ "a/..", "a/..", "", true }, { "/.", "/", "", true },   { "./", ".", "", true },
	};
	struct split split;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(path_split(cases[i].path, &split), 0);
		assert_string_equal(split.parent, cases[i].parent);
		assert_string_equal(split.base, cases[i].base);
		assert_int_equal(split.directory, cases[i].directory);
	}
	assert_int_equal(path_split("", &split), -ENOENT);
}

static void names_are_made_printable(void **state)
{
	static const struct {
		const char *text;
		const char *shown;
	} cases[] = {
		{ "plain", "plain" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\x1b[31m\n", "\\x1b[31m\\x0a" },
		{ "\xc2\x9b", "\\xc2\\x9b" },
		{ "a\xe2\x80\xae", "a\\xe2\\x80\\xae" },
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "\xc0\xaf", "\\xc0\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	};
	char shown[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)printable(shown, sizeof(shown), cases[i].text, strlen(cases[i].text));
		assert_string_equal(shown, cases[i].shown);
	}
	assert_int_equal(printable(shown, 8, "0123456789", 10), 7);
	assert_string_equal(shown, "0123...");
}

int copy_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(large_sizes_and_old_times_are_read_as_written),
		cmocka_unit_test(every_archive_that_was_cut_short_is_known_to_be),
		cmocka_unit_test(malformed_numbers_are_rejected),
		cmocka_unit_test(only_files_have_data),
		cmocka_unit_test(records_that_lie_are_refused),
		cmocka_unit_test(extensions_are_bounded),
		cmocka_unit_test_setup_teardown(escaping_names_are_skipped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_written_through_a_link, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(links_and_special_bits_do_not_come_out, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_special_is_not_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_left_of_a_file_that_is_not_whole, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_incomplete_file_replaces_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(zeros_become_holes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_tree_is_copied, set_up, tear_down),
		cmocka_unit_test_setup_teardown(deep_trees_end_somewhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(paths_through_links_are_rejected, set_up,
						tear_down),
		cmocka_unit_test(paths_are_taken_apart),
		cmocka_unit_test(names_are_made_printable),
	};

	return cmocka_run_group_tests_name("copying files", tests, NULL, NULL);
}
