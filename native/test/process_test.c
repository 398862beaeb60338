/* Reading /proc of processes. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "tests.h"

/* Last, because it defines a macro named fail. */
#include <cmocka.h>

static void a_name_with_parentheses_and_spaces_hides_no_field(void **state)
{
	uint64_t before = process_start_ticks(getpid());

	(void)state;
	assert_true(before > 0);
	assert_int_equal(prctl(PR_SET_NAME, "a) b (c) 1 2"), 0);
	assert_true(process_start_ticks(getpid()) == before);
	assert_true(process_start_ticks(0) == before);
}

static void a_process_that_is_gone_has_no_start(void **state)
{
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(process_start_ticks(child) == 0);
}

static void handler(int number)
{
	(void)number;
}

static void a_signal_ends_a_process_that_does_nothing_about_it(void **state)
{
	sigset_t blocked;

	(void)state;
	(void)signal(SIGUSR2, SIG_DFL);
	assert_true(process_ends_by_default(getpid(), SIGUSR2));
	(void)signal(SIGUSR2, handler);
	assert_false(process_ends_by_default(getpid(), SIGUSR2));
	(void)signal(SIGUSR2, SIG_IGN);
	assert_false(process_ends_by_default(getpid(), SIGUSR2));
	(void)signal(SIGUSR2, SIG_DFL);
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGUSR2);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	assert_false(process_ends_by_default(getpid(), SIGUSR2));
	(void)sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	assert_false(process_ends_by_default(getpid(), SIGCHLD));
	assert_false(process_ends_by_default(getpid(), SIGKILL));
}

int process_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_with_parentheses_and_spaces_hides_no_field),
		cmocka_unit_test(a_process_that_is_gone_has_no_start),
		cmocka_unit_test(a_signal_ends_a_process_that_does_nothing_about_it),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
