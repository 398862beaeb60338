#include "init.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syscalls.h"

/* Reaps whatever has ended. True when the workload was among it. */
static int reap(pid_t workload, int *workload_status)
{
	int ended = 0;

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			return ended;
		if (pid == workload) {
			*workload_status = status;
			ended = 1;
		}
	}
}

_Noreturn void init_run(pid_t workload, int exit_fd)
{
	sigset_t all;
	int status = 0;

	/* The workload has the same user id: keep it out of /proc/1 (ptrace(2),
	 * "Ptrace access mode checking"). */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)prctl(PR_SET_NAME, "nucleus-init");
	(void)dup2(exit_fd, 0);
	(void)sys_close_range(1, ~0U, 0);
	(void)sigfillset(&all);
	for (;;) {
		int number = sigwaitinfo(&all, NULL);

		if (number == SIGCHLD) {
			if (reap(workload, &status))
				break;
		} else if (number > 0) {
			(void)kill(workload, number);
		}
	}
	(void)!write(0, &status, sizeof(status));
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
