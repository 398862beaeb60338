/* The plan reader, on the bytes that dev.nucleus.plan.PlanEncoderTest pins. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launch/plan.h"
#include "tests.h"

/* Last, because it defines a macro named fail. */
#include <cmocka.h>

static uint8_t bytes[65536];
static size_t length;

static int load_golden(void **state)
{
	int fd = open("fuzz/corpus/plan-1", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	(void)state;
	if (fd >= 0)
		(void)close(fd);
	length = got < 0 ? 0 : (size_t)got;
	return got <= 0 ? -1 : 0;
}

static void the_golden_plan_is_read_field_by_field(void **state)
{
	struct failure failure = { 0 };
	struct plan plan;

	(void)state;
	assert_int_equal(plan_read(&plan, bytes, length, &failure), 0);
	assert_string_equal(plan.id, "0123456789abcdef0123456789abcdef");
	assert_string_equal(plan.hostname, "db-1");
	assert_string_equal(plan.socket, "/run/nucleus/c/x");
	assert_int_equal(plan.record_length, 2);
	assert_memory_equal(plan.record, "{}", 2);
	assert_int_equal(plan.namespaces, 0x6e020000);
	assert_true(plan.time_namespace && plan.deny_setgroups);
	assert_string_equal(plan.map_programs[1], "/usr/bin/newgidmap");
	assert_int_equal(plan.rootfs[10].flags, ROOTFS_MAPPED | ROOTFS_SERVED | ROOTFS_NAMED);
	assert_int_equal(plan.rootfs[10].device, 65);
	assert_int_equal(plan.rootfs[10].inode, 4711);
	assert_int_equal(plan.reserved_count, 2);
	assert_string_equal(plan.reserved[1], "/run/nucleus");
	assert_int_equal(plan.hooks.list[0].device, 66);
	assert_int_equal(plan.hooks.list[0].inode, 4712);
	assert_int_equal(plan.cgroup.devices_length, 8);
	assert_int_equal(plan.seccomp_mode, SECCOMP_REPORT);
	assert_int_equal(plan.seccomp_errno, 1);
	assert_true(!plan.init && plan.keep_stdin && plan.hold && plan.terminal);
	assert_int_equal(plan.terminal_size.columns, 80);
	assert_int_equal(plan.uid_map_count, 1);
	assert_int_equal(plan.uid_maps[0].outside, 1000);
	assert_int_equal(plan.gid_maps[0].count, 2);
	assert_true(plan.cgroup.required && plan.cgroup.limits_memory);
	assert_string_equal(plan.cgroup.writes[0].value, "512");
	assert_string_equal(plan.cgroup.freezer, "/sys/fs/cgroup/freezer/nucleus-x");
	assert_int_equal(plan.rootfs_count, 17);
	assert_int_equal(plan.rootfs[16].action, ROOTFS_LAST);
	assert_int_equal(plan.rootfs[11].action, ROOTFS_SECRET);
	assert_true(plan.audit);
	assert_string_equal(plan.writable[0], "/tmp");
	assert_int_equal(plan.rootfs[1].content_length, 20);
	assert_memory_equal(plan.rootfs[1].content, "127.0.0.1 localhost\n", 20);
	assert_int_equal(plan.rootfs[3].flags, ROOTFS_OPTIONAL);
	assert_true(plan.rootfs[6].attributes == ((uint64_t)1 << 32 | 3));
	assert_int_equal(plan.rootfs[10].action, ROOTFS_VOLUME);
	assert_int_equal(plan.rootfs[10].gid, 71);
	assert_int_equal(plan.group_count, 2);
	assert_int_equal(plan.groups[1], 73);
	assert_true(plan.capabilities.ambient == 1U << 10);
	assert_int_equal(plan.rlimits[0].hard, 2048);
	assert_int_equal(plan.landlock.ports[0].port, 8080);
	assert_int_equal(plan.landlock.flags, 2);
	assert_int_equal(plan.link_count, 1);
	assert_string_equal(plan.links[0].host_name, "nuabc0012345678");
	assert_string_equal(plan.links[0].name, "eth0");
	assert_int_equal(plan.links[0].mtu, 1500);
	assert_int_equal(plan.links[0].mac[3], 42);
	assert_int_equal(plan.links[0].addresses[0].bytes[3], 5);
	assert_int_equal(plan.links[0].addresses[0].prefix, 24);
	assert_int_equal(plan.links[0].gateways[1].length, 16);
	assert_int_equal(plan.links[0].gateways[1].bytes[15], 1);
	assert_true(plan.links[0].is_default);
	assert_int_equal(plan.seccomp_length, 8);
	assert_string_equal(plan.argv[2], "/data");
	assert_null(plan.argv[3]);
	assert_string_equal(plan.envp[1], "A=\xc3\xbc");
	assert_int_equal(plan.log_files, 4);
	assert_int_equal(plan.log_rate, 1 << 24);
	assert_true(plan.log_blocks);
	assert_int_equal(plan.rootfs[12].action, ROOTFS_SELF);
	assert_true(plan_uses_gvisor(&plan));
	assert_memory_equal(plan.gvisor.config, "{}", 2);
	assert_string_equal(plan.gvisor.process, "{\"user\":{}");
	assert_string_equal(plan.gvisor.envp[0], "HOME=/root");
	assert_null(plan.gvisor.envp[1]);
	assert_string_equal(plan.gvisor.exec[1], "exec");
	assert_string_equal(plan.gvisor.kill[1], "kill");
	assert_int_equal(plan.gvisor.gid, 71);
	assert_null(plan.gvisor.kill[2]);
	assert_string_equal(plan.console_socket, "/run/console.sock");
	assert_string_equal(plan.hooks.state, "{\"id\":\"x\"");
	assert_int_equal(plan.hooks.count, 1);
	assert_string_equal(plan.notify, "/run/nucleus/c/x.notify");
	assert_int_equal(plan.hooks.list[0].phase, HOOK_POSTSTOP);
	assert_string_equal(plan.hooks.list[0].argv[1], "-v");
	assert_string_equal(plan.hooks.list[0].envp[0], "PATH=/bin");
	assert_int_equal(plan.hooks.list[0].timeout, 3000);
	plan_free(&plan);
}

static void every_cut_of_a_plan_is_refused(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < length; cut++) {
		struct failure failure = { 0 };
		struct plan plan;
		uint8_t *copy = malloc(cut == 0 ? 1 : cut);

		assert_non_null(copy);
		memcpy(copy, bytes, cut);
		assert_int_equal(plan_read(&plan, copy, cut, &failure), -EBADMSG);
		assert_int_equal(failure.step, STEP_PLAN);
		free(copy);
	}
}

static void bytes_behind_the_plan_are_refused(void **state)
{
	struct failure failure = { 0 };
	struct plan plan;

	(void)state;
	bytes[length] = 0;
	assert_int_equal(plan_read(&plan, bytes, length + 1, &failure), -EBADMSG);
}

static void another_version_is_told_apart(void **state)
{
	struct failure failure = { 0 };
	struct plan plan;

	(void)state;
	bytes[4]++;
	assert_int_equal(plan_read(&plan, bytes, length, &failure), -EPROTO);
	assert_non_null(strstr(failure.detail, "restart the spawner"));
	bytes[4]--;
}

static void an_id_with_a_slash_is_refused(void **state)
{
	struct failure failure = { 0 };
	struct plan plan;

	(void)state;
	bytes[10] = '/';
	assert_int_equal(plan_read(&plan, bytes, length, &failure), -EBADMSG);
	bytes[10] = '0';
}

int plan_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_golden_plan_is_read_field_by_field),
		cmocka_unit_test(every_cut_of_a_plan_is_refused),
		cmocka_unit_test(bytes_behind_the_plan_are_refused),
		cmocka_unit_test(another_version_is_told_apart),
		cmocka_unit_test(an_id_with_a_slash_is_refused),
	};

	return cmocka_run_group_tests_name("plan", tests, load_golden, NULL);
}
