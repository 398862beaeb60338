#include "spawner/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/peer.h"
#include "base/wire.h"
#include "launch/null_device.h"
#include "shim/supervise.h"
#include "spawner/spare.h"

/* ns without a request before another spare shim is forked. A fork takes a processor for as long as
 * a third of a launch, and the launch just requested and the first steps of its command need it
 * first. The exit of a child skips this pause. */
#define REFILL_PAUSE 20000000

static void report_error(const char *what, const char *path)
{
	(void)fprintf(stderr, "nucleus-spawner: %s %s: %s\n", what, path, strerror(errno));
}

static bool answers(const struct sockaddr_un *address)
{
	owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
}

/* Listens on the path. Replaces a socket file that a killed spawner left, but not one that accepts
 * connections. */
static int open_listener(const struct spawner_options *options)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	owned_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t mask;
	int result;

	if (strlen(options->socket) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		report_error("can't listen on", options->socket);
		return -1;
	}
	memcpy(address.sun_path, options->socket, strlen(options->socket) + 1);
	if (answers(&address)) {
		errno = EADDRINUSE;
		report_error("can't listen on", options->socket);
		return -1;
	}
	(void)unlink(options->socket);
	mask = umask(0177);
	result = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof(address));
	(void)umask(mask);
	if (result < 0 || listen(fd, SOMAXCONN) < 0 ||
	    (options->client != geteuid() &&
	     chown(options->socket, options->client, (gid_t)-1) < 0)) {
		report_error("can't listen on", options->socket);
		return -1;
	}
	return release(&fd);
}

static void refuse(int fd, int error, const char *detail)
{
	struct failure failure = { 0 };

	(void)fail(&failure, STEP_PLAN, error, "%s", detail);
	peer_refuse(fd, &failure);
}

static void serve(const struct spawner_options *options, int listener, struct spares *spares)
{
	owned_fd fd = peer_accept(listener, 0, peer_refuse);
	struct ucred peer;
	socklen_t length = sizeof(peer);
	pid_t pid;

	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ||
	    (peer.uid != 0 && peer.uid != geteuid() && peer.uid != options->client)) {
		refuse(fd, EPERM, "this user may not launch containers");
		return;
	}
	if (spare_hand_over(spares, fd, &peer))
		return;
	pid = fork();
	if (pid == 0) {
		(void)close(listener);
		shim_populate_pages();
		shim_run(release(&fd), peer.uid, peer.gid, -1);
	}
	if (pid < 0)
		refuse(fd, errno, "fork a shim");
}

static volatile sig_atomic_t ended;
static volatile sig_atomic_t child_ended;

static void note_child(int number)
{
	(void)number;
	child_ended = 1;
}

static void end(int number)
{
	(void)number;
	ended = 1;
}

static void prepare_signals(void)
{
	struct sigaction action = { .sa_handler = end };
	/* Shims are not waited for: they outlive this process. The processes that a killed shim
	 * leaves behind are reaped here, at once: a zombie keeps its PID namespace alive. Linux
	 * sends SIGCHLD all the same (sigaction(2)). */
	const struct sigaction child = { .sa_handler = note_child,
					 .sa_flags = SA_NOCLDWAIT | SA_NOCLDSTOP };
	sigset_t blocked;

	for (int number = 1; number < NSIG; number++) {
		if (number != SIGKILL && number != SIGSTOP)
			(void)signal(number, SIG_DFL);
	}
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGCHLD, &child, NULL);
	/* Blocked except in ppoll(2): one that arrives just before it would go unnoticed. */
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGCHLD);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigaddset(&blocked, SIGINT);
	(void)sigprocmask(SIG_SETMASK, &blocked, NULL);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)signal(SIGPIPE, SIG_IGN);
}

int spawner_run(const struct spawner_options *options)
{
	owned_fd listener = -1;
	struct spares spares = { .count = 0 };
	const struct timespec pause = { .tv_nsec = REFILL_PAUSE };
	sigset_t none;
	int failing = 0;
	struct pollfd polled[2];

	(void)setsid();
	/* No other process may read its memory. Without root it has nothing to hide from its own
	 * user, and the files of an undumpable process belong to root: uid_map could not be written
	 * (proc(5)). */
	if (geteuid() == 0)
		(void)prctl(PR_SET_DUMPABLE, 0);
	prepare_signals();
	peer_keep_reserve();
	(void)sigemptyset(&none);
	listener = open_listener(options);
	if (listener < 0)
		return 1;
	(void)dprintf(STDOUT_FILENO, "ready\n");
	null_device_prepare();
	polled[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
	polled[1] = (struct pollfd){ .fd = options->follow_stdin ? STDIN_FILENO : -1 };
	while (!ended) {
		/* After a failure, such as EAGAIN, the next attempt follows the next request, or
		 * the next child that exits. */
		bool idle = failing < 0 || spares.count == SPARES;
		int ready = ppoll(polled, 2, idle ? NULL : &pause, &none);

		/* When a shim exits, a processor is free, and in a script's loop the next command
		 * is about to begin. */
		failing = ready == 0 || (ready < 0 && child_ended) ? spare_add(&spares, listener)
								   : 0;
		child_ended = 0;
		if (ready <= 0)
			continue;
		if ((polled[1].revents & (POLLHUP | POLLERR)) != 0)
			break;
		if ((polled[0].revents & POLLIN) != 0)
			serve(options, listener, &spares);
	}
	(void)unlink(options->socket);
	spares_close(&spares);
	return 0;
}
