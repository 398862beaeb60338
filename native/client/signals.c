#include "signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

#include "base/signals.h"
#include "terminal.h"

void signals_suspend(void)
{
	sigset_t stop;

	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTSTP);
	terminal_restore();
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &stop, NULL);
	(void)sigprocmask(SIG_BLOCK, &stop, NULL);
}

bool signal_terminates(uint32_t number)
{
	return number != SIGCONT && number != SIGTSTP && number != SIGURG && number != SIGWINCH;
}

int signals_watch(void)
{
	static const int own[] = { SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGTRAP, SIGSYS,
				   SIGABRT, SIGPIPE, SIGTTIN, SIGTTOU, SIGXFSZ };
	sigset_t forwarded;

	signals_fill(&forwarded);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		(void)sigdelset(&forwarded, own[i]);
	/* Signals that nohup(1), or a shell for a background command, ignores stay ignored. */
	for (int number = 1; number < _NSIG; number++) {
		struct sigaction action;

		if (number != SIGCHLD && number != SIGWINCH && number != SIGCONT &&
		    sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			(void)sigdelset(&forwarded, number);
	}
	/* A write beyond the file size limit then fails with EFBIG. */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sigprocmask(SIG_BLOCK, &forwarded, NULL);
	return signalfd(-1, &forwarded, SFD_CLOEXEC);
}
