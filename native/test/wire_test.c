/* Reading and writing frames. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/wire.h"
#include "tests.h"

/* Last, because it defines a macro named fail. */
#include <cmocka.h>

static void a_reader_past_its_end_stays_faulty_and_yields_zeros(void **state)
{
	const uint8_t data[] = { 1, 2, 3 };
	struct reader reader = { .at = data, .end = data + sizeof(data) };

	(void)state;
	assert_int_equal(read_u16(&reader), 0x0201);
	assert_int_equal(read_u16(&reader), 0);
	assert_true(reader.faulty);
	assert_int_equal(read_u8(&reader), 0);
}

static void a_string_must_end_in_its_only_nul(void **state)
{
	const uint8_t inner[] = { 3, 0, 0, 0, 'a', 0, 0 };
	const uint8_t open[] = { 2, 0, 0, 0, 'a', 'b' };
	const uint8_t empty[] = { 0, 0, 0, 0 };
	const uint8_t good[] = { 2, 0, 0, 0, 'a', 0 };
	struct reader reader = { .at = inner, .end = inner + sizeof(inner) };

	(void)state;
	(void)read_string(&reader);
	assert_true(reader.faulty);
	reader = (struct reader){ .at = open, .end = open + sizeof(open) };
	(void)read_string(&reader);
	assert_true(reader.faulty);
	reader = (struct reader){ .at = empty, .end = empty + sizeof(empty) };
	(void)read_string(&reader);
	assert_true(reader.faulty);
	reader = (struct reader){ .at = good, .end = good + sizeof(good) };
	assert_string_equal(read_string(&reader), "a");
	assert_false(reader.faulty);
}

static void a_count_that_cannot_be_true_is_refused(void **state)
{
	const uint8_t data[] = { 0xff, 0xff, 0, 0, 0, 0 };
	struct reader reader = { .at = data, .end = data + sizeof(data) };

	(void)state;
	assert_int_equal(read_count(&reader, 5), 0);
	assert_true(reader.faulty);
}

static void a_writer_that_is_full_says_so_and_writes_nothing_more(void **state)
{
	uint8_t data[4] = { 0 };
	struct writer writer = { .data = data, .capacity = sizeof(data) };

	(void)state;
	write_u32(&writer, 0x01020304);
	write_u8(&writer, 9);
	assert_true(writer.overflowed);
	assert_int_equal(writer.length, 4);
	assert_int_equal(data[0], 4);
}

static void a_frame_carries_the_length_of_what_follows_its_head(void **state)
{
	uint8_t data[64];
	struct writer writer = { .data = data, .capacity = sizeof(data) };
	size_t frame = frame_begin(&writer, ANSWER_OK);

	(void)state;
	write_string(&writer, "xy");
	frame_end(&writer, frame);
	assert_int_equal(writer.length, FRAME_HEADER + 4 + 3);
	assert_int_equal(data[0], 7);
	assert_int_equal(data[4], ANSWER_OK);
}

static void bytes_that_arrive_in_parts_are_put_together(void **state)
{
	int ends[2];
	char got[6] = { 0 };

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "ab", 2), 2);
	assert_int_equal(write(ends[1], "cde", 3), 3);
	assert_int_equal(read_exactly(ends[0], got, 5, 1000), 0);
	assert_string_equal(got, "abcde");
	assert_int_equal(read_exactly(ends[0], got, 1, 10), -ETIMEDOUT);
	(void)close(ends[1]);
	assert_int_equal(read_exactly(ends[0], got, 1, 1000), -EPIPE);
	(void)close(ends[0]);
}

int wire_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_past_its_end_stays_faulty_and_yields_zeros),
		cmocka_unit_test(a_string_must_end_in_its_only_nul),
		cmocka_unit_test(a_count_that_cannot_be_true_is_refused),
		cmocka_unit_test(a_writer_that_is_full_says_so_and_writes_nothing_more),
		cmocka_unit_test(a_frame_carries_the_length_of_what_follows_its_head),
		cmocka_unit_test(bytes_that_arrive_in_parts_are_put_together),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
