#include "launch/init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/signals.h"
#include "base/syscalls.h"

#define REPORT_FD 0

/* False when the socket is full: the shim reads once a second at most. */
static bool tell(enum init_news news, int32_t value)
{
	const struct init_record record = { news, value };

	return send(REPORT_FD, &record, sizeof(record), MSG_NOSIGNAL) == (ssize_t)sizeof(record);
}

/* Reaps whatever has ended, and counts what was not the workload. True when that was among it. */
static bool reap(pid_t workload, int *workload_status, int32_t *orphans)
{
	bool ended = false;

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			return ended;
		if (pid == workload) {
			*workload_status = status;
			ended = true;
		} else {
			(*orphans)++;
		}
	}
}

static void hand_over(int report_fd, int listener)
{
	const struct init_record record = { INIT_LISTENER, 0 };

	(void)descriptors_send(report_fd, &record, sizeof(record), &listener, 1);
}

/* The signal to forward to the workload. A process inside can queue INIT_RELAY with any value, so
 * only the two signals that the shim relays are accepted. */
static int for_workload(int number, const siginfo_t *info)
{
	int relayed = info->si_value.sival_int;

	if (number != INIT_RELAY || info->si_code != SI_QUEUE ||
	    (relayed != SIGSTOP && relayed != SIGCHLD))
		return number;
	return relayed;
}

_Noreturn void init_run(pid_t workload, int report_fd, int listener)
{
	/* Until records that did not fit into the socket are sent again. */
	const struct timespec again = { .tv_sec = 1 };
	sigset_t all;
	int status = 0;
	int32_t orphans = 0;

	if (listener > 0)
		hand_over(report_fd, listener);
	/* A workload that has not executed its command yet has the same descriptors. */
	(void)unshare(CLONE_FILES);
	(void)dup2(report_fd, REPORT_FD);
	(void)sys_close_range(REPORT_FD + 1, ~0U, 0);
	/* News must not keep it from reaping. */
	(void)fcntl(REPORT_FD, F_SETFL, O_NONBLOCK);
	signals_fill(&all);
	for (;;) {
		siginfo_t info;
		int number = orphans > 0 ? sigtimedwait(&all, &info, &again)
					 : sigwaitinfo(&all, &info);
		bool ended = number == SIGCHLD && reap(workload, &status, &orphans);

		if (number > 0 && number != SIGCHLD) {
			number = for_workload(number, &info);
			(void)kill(workload, number);
			(void)tell(INIT_FORWARDED, number);
		}
		if (orphans > 0 && tell(INIT_REAPED, orphans))
			orphans = 0;
		if (ended)
			break;
	}
	/* The end is waited for. */
	(void)fcntl(REPORT_FD, F_SETFL, 0);
	(void)tell(INIT_ENDED, status);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
