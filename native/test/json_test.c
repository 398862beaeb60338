#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/json.h"
#include "tests.h"

/* Last, because it defines a macro named fail. */
#include <cmocka.h>

static void what_would_end_a_string_is_escaped(void **state)
{
	char *const values[] = { "plain", "a \"quoted\" \\ word", "line\nfeed\ttab\x01\x1f",
				 "",      "\xc3\xbc \xff \x7f",   NULL };
	struct json json = { .fd = memfd_create("json", 0) };
	char text[256] = "";

	(void)state;
	json_text(&json, "{\"args\":");
	json_strings(&json, values);
	json_text(&json, "}");
	assert_int_equal(json_finish(&json), 0);
	assert_true(pread(json.fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "{\"args\":[\"plain\",\"a \\\"quoted\\\" \\\\ word\","
				  "\"line\\u000afeed\\u0009tab\\u0001\\u001f\",\"\","
				  "\"\xc3\xbc \xff \x7f\"]}");
	(void)close(json.fd);
}

static void what_is_longer_than_the_buffer_is_written_whole(void **state)
{
	static char word[10000];
	struct json json = { .fd = memfd_create("json", 0) };

	(void)state;
	memset(word, '"', sizeof(word) - 1);
	json_string(&json, word);
	assert_int_equal(json_finish(&json), 0);
	assert_int_equal(lseek(json.fd, 0, SEEK_END), 2 * (sizeof(word) - 1) + 2);
	for (size_t i = 0; i < sizeof(json.buffer); i++)
		assert_int_equal(json.buffer[i], 0);
	(void)close(json.fd);
}

static void a_write_that_fails_is_reported(void **state)
{
	struct json json = { .fd = -1 };

	(void)state;
	json_text(&json, "[]");
	assert_true(json_finish(&json) < 0);
}

int json_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_would_end_a_string_is_escaped),
		cmocka_unit_test(what_is_longer_than_the_buffer_is_written_whole),
		cmocka_unit_test(a_write_that_fails_is_reported),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
