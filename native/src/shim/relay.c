#include "shim/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/passage.h"
#include "shim/copy.h"

static void carry(int inside)
{
	struct passage inward = { 0 };
	struct passage outward = { 0 };

	for (;;) {
		struct pollfd polled[] = {
			{ .fd = STDIN_FILENO, .events = passage_events(&inward, &outward) },
			{ .fd = inside, .events = passage_events(&outward, &inward) },
		};

		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			return;
		/* The peer is gone: both directions have been closed. */
		if ((polled[0].revents & (POLLERR | POLLHUP)) != 0 && inward.ended)
			return;
		if (!passage_fill(&inward, STDIN_FILENO) || !passage_drain(&inward, inside) ||
		    !passage_fill(&outward, inside) || !passage_drain(&outward, STDOUT_FILENO) ||
		    (inward.closed && outward.closed))
			return;
	}
}

/* A connected socket, or a negative errno. */
static int dial(const struct sockaddr *address, socklen_t length)
{
	owned_fd fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, address, length) < 0)
		return -errno;
	return release(&fd);
}

static int relay(const char *port)
{
	const uint16_t number = htons((uint16_t)strtoul(port, NULL, 10));
	const struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = number,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_port = number,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	owned_fd fd = dial((const struct sockaddr *)&v4, sizeof(v4));
	uint8_t error = fd < 0 ? (uint8_t)-fd : 0;

	(void)signal(SIGPIPE, SIG_IGN);
	/* A server may listen on ::1 only. If both attempts fail, the first error is reported. */
	if (fd < 0) {
		fd = dial((const struct sockaddr *)&v6, sizeof(v6));
		error = fd < 0 ? error : 0;
	}
	if (write(STDOUT_FILENO, &error, 1) != 1 || error != 0)
		return 1;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	(void)fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
	carry(fd);
	return 0;
}

static int mark(const char *path)
{
	owned_fd fd = openat(AT_FDCWD, path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	return fd < 0;
}

/* Exit codes as in a shell. */
#define NOT_RUN 126
#define NOT_FOUND 127

static int report_error(const char *step, const char *on)
{
	int code = errno == ENOENT ? NOT_FOUND : NOT_RUN;

	(void)fprintf(stderr, "nucleus: cannot %s %s: %s\n", step, on, strerror(errno));
	return code;
}

static int confined(char *const argv[])
{
	static struct sock_filter filter[BPF_MAXINSNS];
	struct sock_fprog program = { .filter = filter };
	owned_fd fd = openat(AT_FDCWD, FILTER_PATH, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, filter, sizeof(filter));

	if (got < 0)
		return report_error("read", FILTER_PATH);
	program.len = (unsigned short)((size_t)got / sizeof(filter[0]));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return report_error("apply", FILTER_PATH);
	(void)execvp(argv[0], argv);
	return report_error("run", argv[0]);
}

int relay_run(int argc, char *const argv[])
{
	if (argc > 2 && strcmp(argv[1], CONFINED_ROLE) == 0)
		return confined(argv + 2);
	if (argc > 3 && strcmp(argv[1], COPY_ROLE) == 0)
		return copy_run(argv + 2, -1);
	if (argc != 3)
		return -1;
	if (strcmp(argv[1], RELAY_ROLE) == 0)
		return relay(argv[2]);
	return strcmp(argv[1], MARK_ROLE) == 0 ? mark(argv[2]) : -1;
}
