/* Runs attempts and prints a line for each: name, tab, "denied" or "ESCAPED", tab, reason.
 * usage: attempts [NAME...]   without a name: all
 *        attempts --list      names of those that don't change the machine
 * Exit code: 1 if any attempt succeeded. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempts.h"

#define TIMEOUT 40 /* s for one attempt */

static bool wanted(const struct attempt *attempt, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], attempt->name) == 0)
			return true;
	}
	return argc == 1;
}

static bool is_refusal(const struct attempt *attempt, int error)
{
	for (size_t i = 0; i < sizeof(attempt->expected) / sizeof(attempt->expected[0]); i++) {
		if (error != 0 && attempt->expected[i] == error)
			return true;
	}
	return false;
}

/* Prints the result. Whether the attempt was refused. */
static bool report(const struct attempt *attempt, int status)
{
	if (WIFSIGNALED(status)) {
		/* Killed because of the call: refused. Killed by its own alarm: it hung. */
		bool refused = WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGKILL ||
			       WTERMSIG(status) == SIGSEGV;

		printf("%s\t%s\tsignal %d\n", attempt->name, refused ? "denied" : "ESCAPED",
		       WTERMSIG(status));
		return refused;
	}
	if (is_refusal(attempt, WEXITSTATUS(status))) {
		printf("%s\tdenied\t%s\n", attempt->name, strerror(WEXITSTATUS(status)));
		return true;
	}
	printf("%s\tESCAPED\t%s\n", attempt->name,
	       WEXITSTATUS(status) == 0 ? "it succeeded" : strerror(WEXITSTATUS(status)));
	return false;
}

static bool run(const struct attempt *attempt)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void)alarm(TIMEOUT);
		_exit(attempt->run());
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		printf("%s\tESCAPED\tnot run: %s\n", attempt->name, strerror(errno));
		return false;
	}
	return report(attempt, status);
}

static size_t run_all(const struct attempt *attempts, size_t count, int argc, char **argv)
{
	size_t escaped = 0;

	for (size_t i = 0; i < count; i++) {
		if (wanted(&attempts[i], argc, argv) && !run(&attempts[i]))
			escaped++;
		(void)fflush(stdout);
	}
	return escaped;
}

static void list(const struct attempt *attempts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!attempts[i].machine)
			(void)puts(attempts[i].name);
	}
}

int main(int argc, char **argv)
{
	size_t escaped = 0;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		list(kernel_attempts, kernel_attempt_count);
		list(namespace_attempts, namespace_attempt_count);
		list(file_attempts, file_attempt_count);
		list(process_attempts, process_attempt_count);
		list(execution_attempts, execution_attempt_count);
		return 0;
	}
	escaped += run_all(kernel_attempts, kernel_attempt_count, argc, argv);
	escaped += run_all(namespace_attempts, namespace_attempt_count, argc, argv);
	escaped += run_all(file_attempts, file_attempt_count, argc, argv);
	escaped += run_all(process_attempts, process_attempt_count, argc, argv);
	escaped += run_all(execution_attempts, execution_attempt_count, argc, argv);
	return escaped > 0;
}
