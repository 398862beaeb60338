/* Directories that several processes make at the same time. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/new_directory.h"
#include "tests.h"

/* Last, because it defines a macro named fail. */
#include <cmocka.h>

#define MAKERS 4
#define ROUNDS 300
#define OWNER 4711 /* any user but root */

static struct new_directory wanted(void)
{
	bool root = geteuid() == 0;

	return (struct new_directory){ .mode = 0751,
				       .uid = root ? OWNER : geteuid(),
				       .gid = root ? OWNER : getegid() };
}

static bool is_as_wanted(int parent, const char *name)
{
	const struct new_directory make = wanted();
	struct stat status;

	return fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (status.st_mode & 07777) == make.mode && status.st_uid == make.uid &&
	       status.st_gid == make.gid;
}

/* All makers at once, like services of a fleet that share a new volume. */
static bool make_all(int parent, atomic_int *arrived)
{
	const struct new_directory make = wanted();

	for (int round = 0; round < ROUNDS; round++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%d", round);
		(void)atomic_fetch_add(arrived, 1);
		while (atomic_load(arrived) < MAKERS * (round + 1))
			(void)sched_yield();
		if (new_directory_make(parent, name, &make) != 0 || !is_as_wanted(parent, name))
			return false;
	}
	return true;
}

static void remove_all(int parent, const char *path)
{
	for (int round = 0; round < ROUNDS; round++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%d", round);
		(void)unlinkat(parent, name, AT_REMOVEDIR);
	}
	(void)close(parent);
	/* Nothing else was left there. */
	assert_int_equal(rmdir(path), 0);
}

static void concurrent_makers_see_a_complete_directory(void **state)
{
	char path[] = "/tmp/nucleus-new-directory-XXXXXX";
	atomic_int *arrived = mmap(NULL, sizeof(*arrived), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int parent;
	int failed = 0;

	(void)state;
	assert_ptr_not_equal(arrived, MAP_FAILED);
	assert_non_null(mkdtemp(path));
	parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int maker = 0; maker < MAKERS; maker++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			bool whole = make_all(parent, arrived);

			/* The others must not wait for it in any round. */
			(void)atomic_fetch_add(arrived, MAKERS * ROUNDS);
			_exit(whole ? 0 : 1);
		}
	}
	for (int maker = 0; maker < MAKERS; maker++) {
		int status;

		assert_true(wait(&status) > 0);
		failed += status != 0;
	}
	remove_all(parent, path);
	(void)munmap(arrived, sizeof(*arrived));
	assert_int_equal(failed, 0);
}

static void one_that_is_there_keeps_its_mode(void **state)
{
	char path[] = "/tmp/nucleus-new-directory-XXXXXX";
	const struct new_directory make = wanted();
	struct stat status;
	int parent;

	(void)state;
	assert_non_null(mkdtemp(path));
	parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(parent, "0", 0700), 0);
	assert_int_equal(new_directory_make(parent, "0", &make), 0);
	assert_int_equal(fstatat(parent, "0", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(status.st_uid, geteuid());
	remove_all(parent, path);
}

/* Without the right to set the owner, each attempt fails and leaves nothing behind. */
static void a_directory_that_cannot_get_its_owner_is_not_left_behind(void **state)
{
	char path[] = "/tmp/nucleus-new-directory-XXXXXX";
	const struct new_directory make = { .mode = 0751, .uid = OWNER, .gid = OWNER };
	pid_t child;
	int parent;
	int status;

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(chmod(path, 0777), 0);
	parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		bool ordinary = geteuid() != 0 || setuid(OWNER + 1) == 0;

		_exit(ordinary && new_directory_make(parent, "0", &make) == -EPERM &&
				      new_directory_make(parent, "0", &make) == -EPERM
			      ? 0
			      : 1);
	}
	assert_true(waitpid(child, &status, 0) == child);
	(void)close(parent);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(status, 0);
}

int new_directory_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(concurrent_makers_see_a_complete_directory),
		cmocka_unit_test(one_that_is_there_keeps_its_mode),
		cmocka_unit_test(a_directory_that_cannot_get_its_owner_is_not_left_behind),
	};

	return cmocka_run_group_tests_name("new directories", tests, NULL, NULL);
}
