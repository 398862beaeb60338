/* Logs: the CRI format, rotation, and offsets that stay valid through both. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/stream.h"
#include "base/wire.h"
#include "tests.h"

/* Last, because it defines a macro named fail. */
#include <cmocka.h>

static char parent[64];
static char directory[128];
static struct stream stream;

static int open_stream(void **state)
{
	int fd;

	(void)state;
	(void)snprintf(parent, sizeof(parent), "/tmp/nucleus-stream-XXXXXX");
	if (mkdtemp(parent) == NULL)
		return -1;
	(void)snprintf(directory, sizeof(directory), "%s/" STREAM_DIRECTORY, parent);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		stream_open(&stream, fd, 4096, 3, geteuid(), getegid());
	return fd < 0 ? -1 : 0;
}

static int remove_stream(void **state)
{
	(void)state;
	stream_remove(&stream);
	stream_close(&stream);
	return (rmdir(directory) < 0 && errno != ENOENT) || rmdir(parent) < 0 ? -1 : 0;
}

/* Reads everything from the offset on into one buffer. */
static size_t read_all(uint64_t offset, char *buffer, size_t size)
{
	int fd = -1;
	uint64_t segment = 0;
	size_t length = 0;

	for (;;) {
		long got = stream_read(&stream, &offset, &fd, &segment, buffer + length,
				       size - length - 1);

		assert_true(got >= 0);
		if (got == 0)
			break;
		offset += (uint64_t)got;
		length += (size_t)got;
	}
	if (fd >= 0)
		(void)close(fd);
	buffer[length] = '\0';
	return length;
}

static unsigned int count_files(void)
{
	DIR *entries = opendir(directory);
	unsigned int count = 0;

	assert_non_null(entries);
	for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries))
		count += entry->d_name[0] != '.';
	(void)closedir(entries);
	return count;
}

static void lines_are_written_as_cri_has_them(void **state)
{
	char text[1024];

	(void)state;
	stream_append(&stream, STREAM_STDOUT, "whole\npart", 10, true);
	stream_append(&stream, STREAM_STDERR, "\n", 1, true);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "Z stdout F whole\n"));
	assert_non_null(strstr(text, "Z stdout P part\n"));
	assert_non_null(strstr(text, "Z stderr F \n"));
}

static void a_reader_resumes_at_its_offset_without_losing_a_byte(void **state)
{
	static char whole[65536];
	static char rest[65536];
	size_t length;

	(void)state;
	for (int i = 0; i < 100; i++) {
		char line[32];
		int printed = snprintf(line, sizeof(line), "line %d\n", i);

		stream_append(&stream, STREAM_STDOUT, line, (size_t)printed, true);
	}
	length = read_all(0, whole, sizeof(whole));
	for (size_t at = 0; at < length; at += 97) {
		assert_int_equal(read_all(at, rest, sizeof(rest)), length - at);
		assert_string_equal(rest, whole + at);
	}
}

static void rotation_keeps_the_newest_files_and_offsets_go_on(void **state)
{
	static char text[65536];
	uint64_t offset = 0;
	uint64_t segment = 0;
	int fd = -1;
	char byte[16];

	(void)state;
	for (int i = 0; i < 1000; i++)
		stream_append(&stream, STREAM_STDOUT, "0123456789012345678901234567890\n", 32,
			      true);
	assert_int_equal(count_files(), 3);
	assert_true(stream.end > 60000);
	/* Bytes that were rotated away are skipped, not an error. */
	assert_true(stream_read(&stream, &offset, &fd, &segment, byte, sizeof(byte)) > 0);
	assert_true(offset > 40000 && offset < stream.end);
	(void)close(fd);
	assert_int_equal(read_all(offset, text, sizeof(text)), stream.end - offset);
}

static unsigned int count_records(void)
{
	static char text[1 << 20];
	size_t length = read_all(0, text, sizeof(text));
	unsigned int count = 0;

	for (size_t i = 0; i < length; i++)
		count += text[i] == '\n';
	return count;
}

/* 4,000 bytes pay for 15 empty lines of 257 bytes each, and a sixteenth overdraws them. */
static void what_is_beyond_the_rate_is_skipped_within_one_append(void **state)
{
	static char lines[10000];
	static char text[65536];

	(void)state;
	memset(lines, '\n', sizeof(lines));
	stream.file_bytes = 1 << 20;
	stream.rate = 4000;
	stream.room = 4000;
	stream.filled = monotonic_ms() + 1000000; /* in the future: nothing is added */
	assert_true(stream_admits(&stream, false));
	stream_append(&stream, STREAM_STDOUT, lines, sizeof(lines), false);
	assert_int_equal(count_records(), 16);
	assert_int_equal(stream.gaps[STREAM_STDOUT].skipped, sizeof(lines) - 16);
	stream_report_gap(&stream, true);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "[nucleus: 5889 bytes were not logged: more than 4000 a"));
}

static void a_log_that_skipped_resumes_with_room_for_a_second(void **state)
{
	(void)state;
	stream.rate = 4000;
	stream.filled = monotonic_ms() + 1000000;
	stream.room = 0;
	stream_skip(&stream, STREAM_STDOUT, 1);
	stream.room = 3999;
	assert_false(stream_admits(&stream, false));
	stream.room = 4000;
	stream.filled = monotonic_ms() + 1000000;
	assert_true(stream_admits(&stream, false));
	stream.room = 1;
	assert_true(stream_admits(&stream, false));
}

static void text_appended_whole_overdraws_the_rate(void **state)
{
	static char lines[1000];

	(void)state;
	memset(lines, '\n', sizeof(lines));
	stream.file_bytes = 1 << 20;
	stream.rate = 4000;
	stream.room = 1;
	stream.filled = 0;
	stream_append(&stream, STREAM_STDOUT, lines, sizeof(lines), true);
	assert_int_equal(count_records(), 1000);
	assert_int_equal(stream.gaps[STREAM_STDOUT].skipped, 0);
	/* 257,000 bytes at 4,000 a second. */
	assert_int_equal(stream_admits_at(&stream) / 1000, 64);
}

static void a_debt_of_minutes_is_paid_by_as_much_time(void **state)
{
	(void)state;
	stream.rate = 4000;
	stream.room = -150 * 4000;
	stream.filled = monotonic_ms() - 149000;
	assert_false(stream_admits(&stream, true));
	stream.filled = monotonic_ms() - 2000;
	assert_true(stream_admits(&stream, true));
}

/* A line that began before a gap, or whose beginning is missing, is not joined to another. */
static void a_gap_separates_lines(void **state)
{
	char text[1024];

	(void)state;
	stream_append(&stream, STREAM_STDOUT, "begun", 5, false);
	stream_skip(&stream, STREAM_STDOUT, 10);
	stream_append(&stream, STREAM_STDOUT, "rest of another\nnew\n", 20, false);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "stdout P begun\n"));
	assert_non_null(strstr(text, "stdout F \n"));
	assert_non_null(strstr(text, "stderr F:nucleus [nucleus: 26 bytes were not logged"));
	assert_null(strstr(text, "another"));
	assert_non_null(strstr(text, "stdout F new\n"));
}

/* The lines skipped last tell why a process ended. */
static void the_last_lines_of_a_flood_are_logged(void **state)
{
	static char flood[20000];
	static char text[65536];

	(void)state;
	for (size_t i = 0; i < sizeof(flood); i += 10)
		memcpy(flood + i, "123456789\n", 10);
	memcpy(flood + sizeof(flood) - 10, "the last\n\n", 10);
	stream_skip(&stream, STREAM_STDOUT, 5);
	stream_keep(&stream, STREAM_STDOUT, flood, sizeof(flood) / 2);
	stream_keep(&stream, STREAM_STDOUT, flood + sizeof(flood) / 2, sizeof(flood) / 2);
	assert_int_equal(stream.gaps[STREAM_STDOUT].skipped, 20005);
	stream_report_gap(&stream, true);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	/* The first six of the 4,096 bytes kept are the end of a line. */
	assert_non_null(strstr(text, "F:nucleus [nucleus: 15915 bytes were not logged"));
	assert_non_null(strstr(text, "stdout F the last\n"));
	assert_int_equal(count_records(), 1 + 410);
	assert_int_equal(stream.gaps[STREAM_STDOUT].skipped, 0);
}

/* Little exceeded the rate, and all of it is kept. */
static void what_is_logged_after_all_is_no_gap(void **state)
{
	char text[1024];

	(void)state;
	stream_append(&stream, STREAM_STDOUT, "beg", 3, false);
	stream_keep(&stream, STREAM_STDOUT, "un\n", 3);
	stream_append(&stream, STREAM_STDOUT, "new\n", 4, false);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	assert_null(strstr(text, "nucleus"));
	assert_non_null(strstr(text, "stdout P beg\n"));
	assert_non_null(strstr(text, "stdout F un\n"));
	assert_non_null(strstr(text, "stdout F new\n"));
}

static void what_is_kept_of_another_stream_is_no_line_of_this(void **state)
{
	char text[1024];

	(void)state;
	stream_skip(&stream, STREAM_STDOUT, 5);
	stream_keep(&stream, STREAM_STDERR, "error", 5);
	stream_append(&stream, STREAM_STDOUT, "rest\nnew\n", 9, false);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "nucleus: 10 bytes"));
	assert_non_null(strstr(text, "stderr P error\n"));
	assert_non_null(strstr(text, "stdout F new\n"));
}

/* Otherwise the reader of a log that ends with a gap would take it for complete. */
static void a_gap_is_due_when_there_is_room_again(void **state)
{
	(void)state;
	stream.rate = 4000;
	stream.room = 1000;
	stream.filled = 5000;
	assert_int_equal(stream_gap_due_at(&stream), 0);
	stream_keep(&stream, STREAM_STDOUT, "x\n", 2);
	assert_int_equal(stream_gap_due_at(&stream), 5751);
	stream_report_gap(&stream, true);
	assert_int_equal(stream_gap_due_at(&stream), 0);
	assert_int_equal(count_records(), 1);
}

static void the_last_of_each_stream_is_kept(void **state)
{
	char text[1024];

	(void)state;
	stream_keep(&stream, STREAM_STDERR, "error\n", 6);
	stream_skip(&stream, STREAM_STDOUT, 100000);
	stream_keep(&stream, STREAM_STDOUT, "part\nwhole\n", 11);
	stream_report_gap(&stream, true);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "nucleus: 100005 bytes"));
	assert_non_null(strstr(text, "stderr F error\n"));
	assert_non_null(strstr(text, "stdout F whole\n"));
	assert_null(strstr(text, "part"));
}

static void a_gap_of_one_stream_cuts_no_line_of_the_other(void **state)
{
	char text[1024];

	(void)state;
	stream_append(&stream, STREAM_STDERR, "be", 2, true);
	stream_skip(&stream, STREAM_STDOUT, 100);
	stream_keep(&stream, STREAM_STDERR, "gun\ne2\n", 7);
	stream_append(&stream, STREAM_STDERR, "e3\n", 3, true);
	stream_keep(&stream, STREAM_STDERR, "e4\n", 3);
	stream_append(&stream, STREAM_STDOUT, "a\nb\n", 4, true);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "[nucleus: 100 bytes"));
	assert_int_equal(count_records(), 8);
	assert_non_null(strstr(text, "stderr F gun\n"));
	assert_non_null(strstr(text, "stdout F a\n"));
}

/* Otherwise a flood on a stream with a low limit would be logged through the lines kept of it. */
static void what_is_kept_is_held_to_the_rate(void **state)
{
	static char lines[4096];
	static char text[65536];

	(void)state;
	memset(lines, '\n', sizeof(lines));
	memcpy(lines + sizeof(lines) - 6, "fatal\n", 6);
	stream.file_bytes = 1 << 20;
	stream.rate = 4000;
	stream.room = 4000;
	stream.filled = monotonic_ms() + 1000000;
	stream_skip(&stream, STREAM_STDOUT, 100000);
	stream_keep(&stream, STREAM_STDOUT, lines, sizeof(lines));
	stream_report_gap(&stream, false);
	/* The newest lines are logged; one report before them covers the rest. */
	assert_in_range(count_records(), 10, 17);
	assert_int_equal(stream.gaps[STREAM_STDOUT].skipped, 0);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "stdout F fatal\n"));
	assert_int_equal(strtoul(strstr(text, "[nucleus: ") + strlen("[nucleus: "), NULL, 10),
			 104096 - (count_records() - 2) - 6);
}

/* A single line may cost more than there is room for. */
static void the_last_line_is_logged_at_any_rate(void **state)
{
	char text[1024];

	(void)state;
	stream.rate = 100;
	stream.room = 100;
	stream.filled = monotonic_ms() + 1000000;
	stream_skip(&stream, STREAM_STDOUT, 10);
	stream_keep(&stream, STREAM_STDOUT, "one\ntwo\n", 8);
	stream_append(&stream, STREAM_STDOUT, "three\n", 6, false);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "[nucleus: 14 bytes were not logged"));
	assert_non_null(strstr(text, "stdout F two\n"));
	assert_int_equal(stream.gaps[STREAM_STDOUT].length, 6);
}

static void a_captured_stream_keeps_its_beginning_only(void **state)
{
	struct stream captured;
	static char text[CAPTURE_MAX * 2];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(stream_capture(&captured), 0);
	stream_append(&captured, STREAM_STDOUT, text, sizeof(text), true);
	stream_append(&captured, STREAM_STDOUT, text, sizeof(text), true);
	assert_int_equal(captured.captured_length, CAPTURE_MAX);
	stream_close(&captured);
}

static void a_log_is_never_written_through_a_link(void **state)
{
	char name[256];

	(void)state;
	stream_append(&stream, STREAM_STDOUT, "first\n", 6, true);
	stream_remove(&stream);
	(void)snprintf(name, sizeof(name), "%s/%020" PRIu64 ".log", directory, stream.end);
	assert_int_equal(symlink("/tmp/nucleus-stream-elsewhere", name), 0);
	close_fd(&stream.file_fd);
	stream_append(&stream, STREAM_STDOUT, "second\n", 7, true);
	assert_true(stream.dropped > 0);
	assert_int_equal(access("/tmp/nucleus-stream-elsewhere", F_OK), -1);
}

static void what_the_disk_did_not_take_is_reported_once_it_takes_something(void **state)
{
	char text[1024];

	(void)state;
	stream_append(&stream, STREAM_STDOUT, "first\n", 6, true);
	close_fd(&stream.file_fd);
	stream.file_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	stream_append(&stream, STREAM_STDOUT, "lost\n", 5, true);
	stream_append(&stream, STREAM_STDOUT, "lost too\n", 9, true);
	close_fd(&stream.file_fd);
	stream_append(&stream, STREAM_STDOUT, "last\n", 5, true);
	assert_int_equal(stream.dropped, 0);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "stdout F first\n"));
	assert_null(strstr(text, "lost"));
	assert_non_null(strstr(text, "F:nucleus [nucleus: "));
	assert_non_null(strstr(text, "bytes of the log could not be written"));
	assert_non_null(strstr(text, "stdout F last\n"));
}

/* Each byte is reported once, however often the report itself can't be written. */
static void what_was_lost_is_counted_once(void **state)
{
	char text[1024];
	uint64_t lost;

	(void)state;
	stream_append(&stream, STREAM_STDOUT, "first\n", 6, true);
	close_fd(&stream.file_fd);
	stream.file_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	stream_append(&stream, STREAM_STDOUT, "lost\n", 5, true);
	lost = stream.dropped;
	stream_skip(&stream, STREAM_STDOUT, 1000);
	stream_report_gap(&stream, true);
	assert_int_equal(stream.dropped, lost);
	stream_report_gap(&stream, true);
	assert_int_equal(stream.dropped, lost);
	close_fd(&stream.file_fd);
	stream_append(&stream, STREAM_STDERR, "e1\ne2\n", 6, true);
	assert_int_equal(stream.dropped, 0);
	assert_int_equal(stream_gap_due_at(&stream), 0);
	assert_true(read_all(0, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "[nucleus: 1000 bytes were not logged"));
	assert_int_equal(count_records(), 5);
}

/* A disk that stays full must not keep a supervisor busy. */
static void a_report_that_could_not_be_written_is_due_in_a_second(void **state)
{
	(void)state;
	stream.rate = 16 << 20;
	assert_true(stream_admits(&stream, false));
	stream_append(&stream, STREAM_STDOUT, "first\n", 6, false);
	close_fd(&stream.file_fd);
	stream.file_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	stream_skip(&stream, STREAM_STDOUT, 1000);
	stream_report_gap(&stream, false);
	assert_int_equal(stream_gap_due_at(&stream), stream.filled + 1001);
	assert_false(stream_admits(&stream, false));
}

static void what_writes_nothing_leaves_nothing_on_the_disk(void **state)
{
	uint64_t offset = 0;
	uint64_t segment = 0;
	int fd = -1;
	char byte;

	(void)state;
	assert_true(stream_admits(&stream, true));
	assert_int_equal(stream_read(&stream, &offset, &fd, &segment, &byte, 1), 0);
	stream_report_gap(&stream, true);
	assert_int_equal(access(directory, F_OK), -1);
}

int stream_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_are_written_as_cri_has_them, open_stream,
						remove_stream),
		cmocka_unit_test_setup_teardown(
			a_reader_resumes_at_its_offset_without_losing_a_byte, open_stream,
			remove_stream),
		cmocka_unit_test_setup_teardown(rotation_keeps_the_newest_files_and_offsets_go_on,
						open_stream, remove_stream),
		cmocka_unit_test_setup_teardown(
			what_is_beyond_the_rate_is_skipped_within_one_append, open_stream,
			remove_stream),
		cmocka_unit_test_setup_teardown(a_log_that_skipped_resumes_with_room_for_a_second,
						open_stream, remove_stream),
		cmocka_unit_test_setup_teardown(text_appended_whole_overdraws_the_rate, open_stream,
						remove_stream),
		cmocka_unit_test_setup_teardown(a_debt_of_minutes_is_paid_by_as_much_time,
						open_stream, remove_stream),
		cmocka_unit_test_setup_teardown(a_gap_separates_lines, open_stream, remove_stream),
		cmocka_unit_test_setup_teardown(the_last_lines_of_a_flood_are_logged, open_stream,
						remove_stream),
		cmocka_unit_test_setup_teardown(what_is_logged_after_all_is_no_gap, open_stream,
						remove_stream),
		cmocka_unit_test_setup_teardown(what_is_kept_of_another_stream_is_no_line_of_this,
						open_stream, remove_stream),
		cmocka_unit_test_setup_teardown(a_gap_is_due_when_there_is_room_again, open_stream,
						remove_stream),
		cmocka_unit_test_setup_teardown(the_last_of_each_stream_is_kept, open_stream,
						remove_stream),
		cmocka_unit_test_setup_teardown(a_gap_of_one_stream_cuts_no_line_of_the_other,
						open_stream, remove_stream),
		cmocka_unit_test_setup_teardown(what_is_kept_is_held_to_the_rate, open_stream,
						remove_stream),
		cmocka_unit_test_setup_teardown(the_last_line_is_logged_at_any_rate, open_stream,
						remove_stream),
		cmocka_unit_test_setup_teardown(what_was_lost_is_counted_once, open_stream,
						remove_stream),
		cmocka_unit_test_setup_teardown(
			a_report_that_could_not_be_written_is_due_in_a_second, open_stream,
			remove_stream),
		cmocka_unit_test(a_captured_stream_keeps_its_beginning_only),
		cmocka_unit_test_setup_teardown(a_log_is_never_written_through_a_link, open_stream,
						remove_stream),
		cmocka_unit_test_setup_teardown(
			what_the_disk_did_not_take_is_reported_once_it_takes_something, open_stream,
			remove_stream),
		cmocka_unit_test_setup_teardown(what_writes_nothing_leaves_nothing_on_the_disk,
						open_stream, remove_stream),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
