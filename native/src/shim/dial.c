#include "shim/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/netns.h"
#include "base/syscalls.h"
#include "shim/gvisor_control.h"
#include "shim/loop.h"

static int new_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int enter_network(const struct shim *shim)
{
	if (shim->handles.fds[0] >= 0)
		return handles_enter_namespaces(&shim->handles, CLONE_NEWUSER | CLONE_NEWNET);
	return setns(shim->pidfd, CLONE_NEWUSER | CLONE_NEWNET) < 0 ? -errno : 0;
}

/* Without root the network namespace belongs to the user namespace, and a process that has entered
 * that can't return. So a child enters it, which shares the shim's descriptor table. */
static int socket_by_child(const struct shim *shim, int family)
{
	struct clone_args arguments = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	int answer[2];
	int fd = -EIO;
	long pid;

	if (pipe2(answer, O_CLOEXEC) < 0)
		return -errno;
	pid = sys_clone3(&arguments);
	if (pid == 0) {
		fd = enter_network(shim);
		fd = fd < 0 ? fd : new_socket(family);
		(void)!write(answer[1], &fd, sizeof(fd));
		_exit(0);
	}
	if (pid < 0)
		fd = -errno;
	else if (waitpid((pid_t)pid, NULL, 0) != pid ||
		 read(answer[0], &fd, sizeof(fd)) != (ssize_t)sizeof(fd))
		fd = -EIO;
	(void)close(answer[0]);
	(void)close(answer[1]);
	return fd;
}

/* Creates a socket in the container's network namespace. A descriptor, or a negative errno. */
static int socket_inside(const struct shim *shim, int family)
{
	if ((shim->plan.namespaces & CLONE_NEWNET) == 0)
		return new_socket(family);
	return geteuid() == 0 ? netns_open(shim->pidfd, new_socket, family)
			      : socket_by_child(shim, family);
}

/* Whether the dial is over: both directions are closed. */
static bool exhausted(const struct dial *dial)
{
	return dial->inward.closed && dial->outward.closed;
}

static void move(struct dial *dial)
{
	struct connection *connection = dial->connection;
	int peer = connection->source.fd;
	int inside = dial->source.fd;

	if (!passage_fill(&dial->inward, peer) || !passage_drain(&dial->inward, inside) ||
	    !passage_fill(&dial->outward, inside) || !passage_drain(&dial->outward, peer) ||
	    exhausted(dial)) {
		connection->dead = true;
		return;
	}
	connection->source.events = passage_events(&dial->inward, &dial->outward);
	dial->source.events = passage_events(&dial->outward, &dial->inward);
}

/* The result of the connection attempt: 0, or an errno; EAGAIN while it is in progress. */
static int outcome(const struct dial *dial)
{
	uint8_t reported;
	int error = 0;
	socklen_t length = sizeof(error);
	ssize_t got;

	if (!dial->relayed) {
		(void)getsockopt(dial->source.fd, SOL_SOCKET, SO_ERROR, &error, &length);
		return error;
	}
	got = read(dial->source.fd, &reported, 1);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? EAGAIN : errno;
	return got == 0 ? ECONNABORTED : reported;
}

/* Connects to the loopback address of the socket's family. 0, or an errno: EAGAIN while it is in
 * progress. */
static int connect_inside(const struct dial *dial)
{
	const struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = htons(dial->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(dial->port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	int result = dial->over_v6
			     ? connect(dial->source.fd, (const struct sockaddr *)&v6, sizeof(v6))
			     : connect(dial->source.fd, (const struct sockaddr *)&v4, sizeof(v4));

	if (result == 0)
		return 0;
	return errno == EINPROGRESS ? EAGAIN : errno;
}

/* A server may listen on ::1 only: after a failure on 127.0.0.1, switches to ::1. Returns whether
 * it did. */
static bool goes_over_v6(const struct shim *shim, struct dial *dial, int error)
{
	int fd;

	if (dial->relayed || dial->over_v6)
		return false;
	fd = socket_inside(shim, AF_INET6);
	if (fd < 0)
		return false;
	close_fd(&dial->source.fd);
	dial->source.fd = fd;
	dial->over_v6 = true;
	dial->error = error;
	return true;
}

/* `error`: the result, 0 or an errno; EAGAIN while the attempt is in progress. */
static void connected(const struct shim *shim, struct dial *dial, int error)
{
	uint8_t bytes[FRAME_HEADER];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	struct connection *connection = dial->connection;

	if (error != 0 && error != EAGAIN && goes_over_v6(shim, dial, error))
		error = connect_inside(dial);
	if (error == EAGAIN)
		return;
	/* If both attempts fail, the error of the first is reported. */
	if (error != 0 && dial->error != 0)
		error = dial->error;
	dial->connecting = false;
	dial->deadline = 0;
	if (error != 0) {
		dial->source.events = 0;
		connection->closing = true;
		send_error(connection, error, "connect");
		connection->dead = connection->out_length == 0;
		return;
	}
	frame_end(&writer, frame_begin(&writer, ANSWER_DIALED));
	connection_send(connection, &writer);
	move(dial);
}

static void inside_ready(struct shim *shim, struct source *source, short revents)
{
	struct dial *dial = (struct dial *)(void *)((uint8_t *)source -
						    offsetof(struct dial, source));

	(void)revents;
	if (dial->connection->dead)
		return;
	if (dial->connecting)
		connected(shim, dial, outcome(dial));
	else
		move(dial);
}

/* The peer's side: plain bytes, no more requests. */
static void peer_ready(struct shim *shim, struct source *source, short revents)
{
	struct connection *connection = (struct connection *)(void *)((uint8_t *)source -
								      offsetof(struct connection,
									       source));
	struct dial *dial = connection->dial;

	(void)shim;
	if (connection->dead)
		return;
	if (dial->connecting) {
		connection->dead = (revents & (POLLHUP | POLLERR)) != 0;
		connection->source.events = 0;
		return;
	}
	move(dial);
}

static void watch(struct shim *shim, struct poll_set *set)
{
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->dial != NULL)
			poll_set_add(set, &at->dial->source);
	}
}

static uint64_t due_at(const struct shim *shim)
{
	uint64_t due = 0;

	for (const struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->dial != NULL)
			due = earlier_of(due, due_at_ms(at->dial->deadline));
	}
	return due;
}

static void expire(struct shim *shim, int64_t now)
{
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->dial == NULL || at->dial->deadline == 0 || now < at->dial->deadline)
			continue;
		at->dial->deadline = 0;
		send_error(at, ETIMEDOUT, "connect");
		at->dead = true;
	}
}

static struct loop_member member = { .watch = watch, .due_at = due_at, .expire = expire };

void dial_start(struct shim *shim, struct connection *connection, uint16_t port, uint32_t timeout)
{
	bool relayed = plan_uses_gvisor(&shim->plan);
	struct dial *dial;
	int fd = shim->exited ? -ESRCH
		 : relayed    ? gvisor_dial(shim, port)
			      : socket_inside(shim, AF_INET);

	if (fd < 0) {
		send_error(connection, -fd, "open a socket in the container's network namespace");
		return;
	}
	dial = calloc(1, sizeof(*dial));
	if (dial == NULL) {
		(void)close(fd);
		connection->dead = true;
		return;
	}
	dial->source = (struct source){ .fd = fd,
					.events = relayed ? POLLIN : POLLOUT,
					.ready = inside_ready };
	dial->connection = connection;
	dial->port = port;
	dial->connecting = true;
	dial->relayed = relayed;
	dial->deadline = monotonic_ms() + timeout;
	connection->dial = dial;
	loop_join(shim, &member);
	connection->source.events = 0;
	connection->source.ready = peer_ready;
	if (!relayed)
		connected(shim, dial, connect_inside(dial));
}

void dial_free(struct dial *dial)
{
	close_fd(&dial->source.fd);
	free(dial->inward.data);
	free(dial->outward.data);
	free(dial);
}
