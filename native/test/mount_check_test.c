#include <errno.h>
#include <linux/mount.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "launch/mount_check.h"
#include "tests.h"

/* Last, because it defines a macro named fail. */
#include <cmocka.h>

/* Checks one line, preceded by that of a correct root. */
static int audit(const char *line, struct failure *failure)
{
	static const char *writable[] = { "/tmp", "/data" };
	const struct plan plan = { .audit = true, .writable = writable, .writable_count = 2 };
	char table[512] = "20 1 0:30 / / ro,nosuid,nodev,relatime - tmpfs none rw\n";

	(void)strncat(table, line, sizeof(table) - strlen(table) - 1);
	return mount_check_table(&plan, table, failure);
}

static void mounts_as_planned_pass(void **state)
{
	static const char *const lines[] = {
		"21 20 8:1 /usr /usr ro,nosuid,nodev - ext4 /dev/vda rw\n",
		"22 20 0:31 / /tmp rw,nosuid,nodev shared:1 - tmpfs none rw\n",
		"23 20 8:1 /srv /data rw,nosuid,nodev - ext4 /dev/vda rw\n",
		"24 20 8:2 / /data/below rw,nosuid,nodev - ext4 /dev/vdb rw\n",
		"25 20 0:32 / /dev ro,nosuid,noexec - tmpfs none rw\n",
		"26 20 0:5 /null /proc/kcore rw,relatime - devtmpfs devtmpfs rw\n",
		"27 20 0:33 / /proc ro,nosuid,nodev,noexec - proc none rw\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct failure failure = { 0 };

		assert_int_equal(audit(lines[i], &failure), 0);
	}
}

static void each_looser_mount_is_named_with_its_fault(void **state)
{
	static const struct {
		const char *line;
		const char *fault;
	} cases[] = {
		{ "21 20 8:1 /usr /usr rw,nosuid,nodev - ext4 /dev/vda rw\n",
		  "/usr can be written to" },
		{ "21 20 8:1 / /usr/share ro,nosuid - ext4 /dev/vda rw\n",
		  "/usr/share has devices" },
		{ "21 20 8:1 /usr /usr ro,nodev - ext4 /dev/vda rw\n", "/usr honours set-user-ID" },
		{ "21 20 8:1 /x /database rw,nosuid,nodev - ext4 /dev/vda rw\n",
		  "/database can be written to" },
		{ "27 20 0:33 / /proc ro,nosuid,nodev - proc none rw\n", "/proc runs programs" },
		{ "28 20 0:5 / /dev rw,nosuid,relatime - devtmpfs devtmpfs rw\n",
		  "/dev can be written to" },
		{ "29 20 0:5 /sda /tmp/disk rw - devtmpfs devtmpfs rw\n", "/tmp/disk honours" },
		{ "29 20 0:5 nonsense\n", "a line without a type" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = { 0 };

		assert_true(audit(cases[i].line, &failure) < 0);
		assert_int_equal(failure.step, STEP_PIVOT);
		assert_non_null(strstr(failure.detail, cases[i].fault));
	}
}

static void only_the_planned_terminals_may_be_devices_that_can_be_written_to(void **state)
{
	static const struct rootfs_step steps[] = {
		{ .action = ROOTFS_DEVPTS, .target = "/dev/pts", .source = "" },
	};
	static const struct {
		const char *line;
		const char *fault; /* NULL: none */
	} cases[] = {
		{ "25 20 0:40 / /dev/pts rw,nosuid,noexec - devpts none rw\n", NULL },
		{ "25 20 0:40 / /dev/pts rw,nosuid - devpts none rw\n", "/dev/pts runs programs" },
		{ "25 20 0:40 / /tmp/pts rw,nosuid,noexec - devpts none rw\n",
		  "/tmp/pts has devices" },
		{ "25 20 0:40 / /dev/pts rw,nosuid,noexec - tmpfs none rw\n",
		  "/dev/pts has devices" },
		{ "25 20 0:40 /0 /dev/pts rw,nosuid,noexec - devpts none rw\n",
		  "/dev/pts has devices" },
	};
	const struct plan plan = { .audit = true,
				   .rootfs = (struct rootfs_step *)(uintptr_t)steps,
				   .rootfs_count = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct failure failure = { 0 };
		char table[256] = "";

		(void)strncat(table, cases[i].line, sizeof(table) - 1);
		assert_int_equal(mount_check_table(&plan, table, &failure) == 0,
				 cases[i].fault == NULL);
		if (cases[i].fault != NULL)
			assert_non_null(strstr(failure.detail, cases[i].fault));
	}
}

static void what_is_planned_without_execution_is_mounted_so(void **state)
{
	static const struct rootfs_step steps[] = {
		{ .action = ROOTFS_BIND, .target = "/opt", .source = "/opt" },
		{ .action = ROOTFS_VOLUME,
		  .target = "/opt/data",
		  .source = "/srv",
		  .attributes = MOUNT_ATTR_NOEXEC },
		{ .action = ROOTFS_BIND, .target = "/opt/data/tools", .source = "/srv/tools" },
	};
	static const char *writable[] = { "/opt/data" };
	const struct plan plan = { .audit = true,
				   .rootfs = (struct rootfs_step *)(uintptr_t)steps,
				   .rootfs_count = 3,
				   .writable = writable,
				   .writable_count = 1 };
	char good[] = "20 1 0:30 / / ro,nosuid,nodev - tmpfs none rw\n"
		      "21 20 8:1 /opt /opt ro,nosuid,nodev - ext4 a rw\n"
		      "22 21 8:1 /srv /opt/data rw,nosuid,nodev,noexec - ext4 a rw\n"
		      "23 22 8:1 /srv/tools /opt/data/tools rw,nosuid,nodev - ext4 a rw\n"
		      "24 21 8:1 /srv /opt/database ro,nosuid,nodev - ext4 a rw\n";
	char volume[] = "20 1 0:30 / / ro,nosuid,nodev - tmpfs none rw\n"
			"22 21 8:1 /srv /opt/data rw,nosuid,nodev - ext4 a rw\n";
	char below[] = "20 1 0:30 / / ro,nosuid,nodev - tmpfs none rw\n"
		       "22 21 8:2 / /opt/data/disk rw,nosuid,nodev - ext4 b rw\n";
	struct failure failure = { 0 };

	(void)state;
	assert_int_equal(mount_check_table(&plan, good, &failure), 0);
	assert_int_equal(mount_check_table(&plan, volume, &failure), -EPERM);
	assert_non_null(strstr(failure.detail, "/opt/data runs programs"));
	assert_int_equal(mount_check_table(&plan, below, &failure), -EPERM);
	assert_non_null(strstr(failure.detail, "/opt/data/disk runs programs"));
}

static void only_served_gvisor_mounts_are_checked(void **state)
{
	static const uint8_t config[] = "{}";
	static const char *writable[] = { "/data" };
	struct rootfs_step steps[] = { { .target = "/data" }, { .target = "/fixed" } };
	const struct plan plan = { .audit = true,
				   .rootfs = steps,
				   .rootfs_count = 2,
				   .writable = writable,
				   .writable_count = 1,
				   .gvisor = { .config = config, .config_length = 2 } };
	char good[] = "20 1 0:29 / / rw - tmpfs none rw\n"
		      "21 20 0:30 / /rootfs ro,nosuid,nodev - tmpfs none rw\n"
		      "22 20 0:31 / /rootfs2 rw - tmpfs none rw\n"
		      "23 20 8:1 /srv /volumes/0 rw,nosuid,nodev - ext4 a rw\n"
		      "24 23 8:2 / /volumes/0/below rw,nosuid,nodev - ext4 b rw\n"
		      "25 20 8:1 /etc /volumes/1 ro,nosuid,nodev - ext4 a rw\n";
	char loose_mount[] = "21 20 0:30 / /rootfs ro,nosuid,nodev - tmpfs none rw\n"
			     "22 21 8:1 /usr /rootfs/usr rw,nosuid,nodev - ext4 a rw\n";
	char loose_volume[] = "21 20 0:30 / /rootfs ro,nosuid,nodev - tmpfs none rw\n"
			      "25 20 8:2 / /volumes/1/below rw,nosuid,nodev - ext4 b rw\n";
	char none[] = "20 1 8:1 / / rw - ext4 /dev/vda rw\n";
	struct failure failure = { 0 };

	(void)state;
	assert_int_equal(mount_check_table(&plan, good, &failure), 0);
	assert_int_equal(mount_check_table(&plan, loose_mount, &failure), -EPERM);
	assert_non_null(strstr(failure.detail, "/usr can be written to"));
	assert_int_equal(mount_check_table(&plan, loose_volume, &failure), -EPERM);
	assert_non_null(strstr(failure.detail, "/fixed/below can be written to"));
	assert_int_equal(mount_check_table(&plan, none, &failure), -ENOENT);
}

int mount_check_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_planned_terminals_may_be_devices_that_can_be_written_to),
		cmocka_unit_test(mounts_as_planned_pass),
		cmocka_unit_test(what_is_planned_without_execution_is_mounted_so),
		cmocka_unit_test(only_served_gvisor_mounts_are_checked),
		cmocka_unit_test(each_looser_mount_is_named_with_its_fault),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
