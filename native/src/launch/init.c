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

/* Sends a record. False if the socket is full: the shim reads at most once a second. */
static bool send_record(enum init_record_type type, int32_t value)
{
	const struct init_record record = { type, value };

	return send(REPORT_FD, &record, sizeof(record), MSG_NOSIGNAL) == (ssize_t)sizeof(record);
}

/* Reaps all ended children and counts the orphans among them. True if the workload has ended. */
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

/* The signal to forward to the workload, or to its process group. A process inside can queue
 * INIT_RELAY with any value, so only the signals that the shim relays are accepted. */
static int relayed_signal(int number, const siginfo_t *info, bool *group)
{
	int relayed = info->si_value.sival_int;

	*group = false;
	if (number != INIT_RELAY || info->si_code != SI_QUEUE)
		return number;
	if (relayed == SIGSTOP || relayed == SIGCHLD)
		return relayed;
	if (relayed != (INIT_RELAY_GROUP | SIGHUP) && relayed != (INIT_RELAY_GROUP | SIGINT) &&
	    relayed != (INIT_RELAY_GROUP | SIGQUIT))
		return number;
	*group = true;
	return relayed & ~INIT_RELAY_GROUP;
}

_Noreturn void init_run(pid_t workload, int report_fd, int listener)
{
	/* Delay before records that did not fit into the socket are sent again. */
	const struct timespec again = { .tv_sec = 1 };
	sigset_t all;
	int status = 0;
	int32_t orphans = 0;

	if (listener > 0)
		hand_over(report_fd, listener);
	/* A workload that has not executed its command yet shares the descriptor table. */
	(void)unshare(CLONE_FILES);
	(void)dup2(report_fd, REPORT_FD);
	(void)sys_close_range(REPORT_FD + 1, ~0U, 0);
	/* A full socket must not keep the init from reaping. */
	(void)fcntl(REPORT_FD, F_SETFL, O_NONBLOCK);
	signals_fill(&all);
	for (;;) {
		siginfo_t info;
		int number = orphans > 0 ? sigtimedwait(&all, &info, &again)
					 : sigwaitinfo(&all, &info);
		bool ended = number == SIGCHLD && reap(workload, &status, &orphans);

		if (number > 0 && number != SIGCHLD) {
			bool group;

			number = relayed_signal(number, &info, &group);
			(void)kill(group ? -workload : workload, number);
			(void)send_record(INIT_FORWARDED, number);
		}
		if (orphans > 0 && send_record(INIT_REAPED, orphans))
			orphans = 0;
		if (ended)
			break;
	}
	/* Block: the last record must not be lost. */
	(void)fcntl(REPORT_FD, F_SETFL, 0);
	(void)send_record(INIT_ENDED, status);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
