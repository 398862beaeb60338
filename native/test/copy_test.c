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

#include "archive.h"
#include "copy/beneath.h"
#include "copy/pack.h"
#include "copy/printable.h"
#include "copy/unpack.h"
#include "tests.h"

static char directory[] = "/tmp/nucleus-copy-test-XXXXXX";
static int null_fd;
static int stderr_fd;

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

/* Shortens the file once its first data has been read. */
static int drain_and_shrink(void *context, const void *bytes, size_t length)
{
	assert_int_equal(truncate(at("from/shrunk"), 1 << 18), 0);
	return drain(context, bytes, length);
}

/* Nothing is read in a hole that a file loses, so that no read comes up short. */
static void a_file_that_shrinks_in_a_hole_is_incomplete(void **state)
{
	struct report report = { 0 };
	static char data[1 << 18];
	int fd;

	(void)state;
	assert_int_equal(mkdir(at("from"), 0755), 0);
	assert_int_equal(mkdir(at("in"), 0755), 0);
	memset(data, 'x', sizeof(data));
	fd = open(at("from/shrunk"), O_RDWR | O_CREAT | O_EXCL, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	assert_int_equal(ftruncate(fd, 64 << 20), 0);
	(void)close(fd);
	writer.drain = drain_and_shrink;
	pack_directory(&report, true);
	finish();
	assert_int_equal(report.failed, 1);

	assert_int_equal(unpack_here(&report, "from", true), 0);
	assert_int_equal(report.failed, 2);
	assert_false(is_there("in/from/shrunk"));
}

/* 4 TiB with two small parts: neither the archive nor the copy contains its holes. */
static void a_sparse_file_is_copied(void **state)
{
	struct report report = { 0 };
	struct stat status;
	char byte;
	int fd;

	(void)state;
	assert_int_equal(mkdir(at("from"), 0755), 0);
	assert_int_equal(mkdir(at("in"), 0755), 0);
	fd = open(at("from/sparse"), O_RDWR | O_CREAT | O_EXCL, 0644);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1L << 42), 0);
	assert_int_equal(pwrite(fd, "begin", 5, 0), 5);
	assert_int_equal(pwrite(fd, "middle", 6, 1L << 41), 6);
	(void)close(fd);
	pack_directory(&report, true);
	finish();
	assert_true(archive.length < 1 << 17);

	assert_int_equal(unpack_here(&report, "from", true), 0);
	assert_int_equal(report.failed, 0);
	fd = open(at("in/from/sparse"), O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_true(status.st_size == 1L << 42);
	assert_true(status.st_blocks < 1 << 8);
	assert_int_equal(pread(fd, &byte, 1, 4), 1);
	assert_int_equal(byte, 'n');
	assert_int_equal(pread(fd, &byte, 1, (1L << 41) + 1), 1);
	assert_int_equal(byte, 'i');
	(void)close(fd);
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
		cmocka_unit_test_setup_teardown(a_file_that_shrinks_in_a_hole_is_incomplete, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_sparse_file_is_copied, set_up, tear_down),
		cmocka_unit_test_setup_teardown(deep_trees_end_somewhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(paths_through_links_are_rejected, set_up,
						tear_down),
		cmocka_unit_test(paths_are_taken_apart),
		cmocka_unit_test(names_are_made_printable),
	};

	return cmocka_run_group_tests_name("copying files", tests, NULL, NULL);
}
