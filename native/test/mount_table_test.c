/* Whether mount trees overlap, in tables as the kernel writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mount_table.h"
#include "tests.h"

/* Last, because it defines a macro named fail. */
#include <cmocka.h>

static const char lines[] = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
			    "30 21 8:2 / /home rw - ext4 /dev/sda2 rw\n"
			    "31 30 8:1 /var/lib/nucleus /home/user/alias rw - ext4 /dev/sda1 rw\n"
			    "32 21 8:1 /var/lib /srv/with\\040space rw - ext4 /dev/sda1 rw\n";

static int covers(const char *path, const char *device, const char *within)
{
	struct mount_table table;
	int result = mount_table_parse(&table, strdup(lines));

	assert_int_equal(result, 0);
	assert_int_equal(table.count, 4);
	assert_string_equal(table.entries[3].point, "/srv/with space");
	result = mount_table_covers(&table, path, device, within, "8:1", "/var/lib/nucleus");
	mount_table_free(&table);
	return result;
}

static void a_tree_that_holds_the_directory_or_lies_in_it_overlaps(void **state)
{
	(void)state;
	assert_int_equal(covers("/var", "8:1", "/var"), 1);
	assert_int_equal(covers("/var/lib/nucleus", "8:1", "/var/lib/nucleus"), 1);
	assert_int_equal(covers("/var/lib/nucleus/c/x", "8:1", "/var/lib/nucleus/c/x"), 1);
	assert_int_equal(covers("/", "8:1", "/"), 1);
}

static void a_neighbour_of_a_longer_name_does_not(void **state)
{
	(void)state;
	assert_int_equal(covers("/var/lib/nucleus2", "8:1", "/var/lib/nucleus2"), 0);
	assert_int_equal(covers("/var/lib/other", "8:1", "/var/lib/other"), 0);
	assert_int_equal(covers("/home/other", "8:2", "/other"), 0);
}

static void another_mount_of_the_directory_overlaps_by_its_files(void **state)
{
	(void)state;
	assert_int_equal(covers("/srv/with space/nucleus", "8:1", "/var/lib/nucleus"), 1);
	assert_int_equal(covers("/home/user/alias", "8:1", "/var/lib/nucleus"), 1);
}

static void what_is_mounted_below_a_tree_counts_with_it(void **state)
{
	(void)state;
	assert_int_equal(covers("/home/user", "8:2", "/user"), 1);
	assert_int_equal(covers("/home", "8:2", "/"), 1);
	assert_int_equal(covers("/home/user2", "8:2", "/user2"), 0);
}

static void a_line_that_is_cut_is_an_error(void **state)
{
	struct mount_table table;

	(void)state;
	assert_true(mount_table_parse(&table, strdup("21 1 8:1 /\n")) < 0);
	mount_table_free(&table);
}

int mount_table_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_that_holds_the_directory_or_lies_in_it_overlaps),
		cmocka_unit_test(a_neighbour_of_a_longer_name_does_not),
		cmocka_unit_test(another_mount_of_the_directory_overlaps_by_its_files),
		cmocka_unit_test(what_is_mounted_below_a_tree_counts_with_it),
		cmocka_unit_test(a_line_that_is_cut_is_an_error),
	};

	return cmocka_run_group_tests_name("mount table", tests, NULL, NULL);
}
