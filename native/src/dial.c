#include "dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "descriptors.h"

#define BUFFER 16384U

/* Makes a socket in the container's network namespace. The shim has one thread, so it
 * can step in and out again; a shim that could not step out must not go on. */
static int socket_inside(const struct shim *shim)
{
	owned_fd home = -1;
	int fd;
	int error;

	if ((shim->plan.namespaces & CLONE_NEWNET) == 0) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	home = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	if (setns(shim->pidfd, CLONE_NEWNET) < 0)
		return -errno;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	error = errno;
	if (setns(home, CLONE_NEWNET) < 0)
		_exit(1);
	return fd < 0 ? -error : fd;
}

/* Whether the dial is over: nothing more to carry either way. */
static bool exhausted(const struct dial *dial)
{
	return dial->inward.closed && dial->outward.closed;
}

static bool fill(struct passage *passage, int fd)
{
	ssize_t got;

	if (passage->ended || passage->length > 0)
		return true;
	if (passage->data == NULL)
		passage->data = malloc(BUFFER);
	if (passage->data == NULL)
		return false;
	got = recv(fd, passage->data, BUFFER, 0);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	passage->ended = got == 0;
	passage->start = 0;
	passage->length = (size_t)got;
	return true;
}

static bool drain(struct passage *passage, int fd)
{
	while (passage->length > 0) {
		ssize_t sent = send(fd, passage->data + passage->start, passage->length,
				    MSG_NOSIGNAL);

		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		passage->start += (size_t)sent;
		passage->length -= (size_t)sent;
	}
	if (passage->ended && !passage->closed) {
		(void)shutdown(fd, SHUT_WR);
		passage->closed = true;
	}
	return true;
}

static short wanted(const struct passage *from_here, const struct passage *to_here)
{
	return (short)((!from_here->ended && from_here->length == 0 ? POLLIN : 0) |
		       (to_here->length > 0 ? POLLOUT : 0));
}

static void move(struct dial *dial)
{
	struct connection *connection = dial->connection;
	int peer = connection->source.fd;
	int inside = dial->source.fd;

	if (!fill(&dial->inward, peer) || !drain(&dial->inward, inside) ||
	    !fill(&dial->outward, inside) || !drain(&dial->outward, peer) || exhausted(dial)) {
		connection->dead = true;
		return;
	}
	connection->source.events = wanted(&dial->inward, &dial->outward);
	dial->source.events = wanted(&dial->outward, &dial->inward);
}

static void connected(struct dial *dial)
{
	uint8_t bytes[FRAME_HEADER];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	struct connection *connection = dial->connection;
	int error = 0;
	socklen_t length = sizeof(error);

	(void)getsockopt(dial->source.fd, SOL_SOCKET, SO_ERROR, &error, &length);
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

	(void)shim;
	(void)revents;
	if (dial->connection->dead)
		return;
	if (dial->connecting)
		connected(dial);
	else
		move(dial);
}

void dial_peer_ready(struct connection *connection, short revents)
{
	struct dial *dial = connection->dial;

	if (dial->connecting) {
		connection->dead = (revents & (POLLHUP | POLLERR)) != 0;
		connection->source.events = 0;
		return;
	}
	move(dial);
}

void dial_start(struct shim *shim, struct connection *connection, uint16_t port, uint32_t timeout)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct dial *dial;
	int fd = shim->exited ? -ESRCH : socket_inside(shim);

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
	dial->source = (struct source){ .fd = fd, .events = POLLOUT, .ready = inside_ready };
	dial->connection = connection;
	dial->connecting = true;
	dial->deadline = monotonic_ms() + timeout;
	connection->dial = dial;
	connection->source.events = 0;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno != EINPROGRESS)
		connected(dial);
}

void dial_free(struct dial *dial)
{
	close_fd(&dial->source.fd);
	free(dial->inward.data);
	free(dial->outward.data);
	free(dial);
}

void dials_expire(struct shim *shim, int64_t now)
{
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->dial == NULL || at->dial->deadline == 0 || now < at->dial->deadline)
			continue;
		at->dial->deadline = 0;
		send_error(at, ETIMEDOUT, "connect");
		at->dead = true;
	}
}

int64_t dials_deadline(const struct shim *shim)
{
	int64_t earliest = 0;

	for (const struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->dial != NULL && at->dial->deadline != 0 &&
		    (earliest == 0 || at->dial->deadline < earliest))
			earliest = at->dial->deadline;
	}
	return earliest;
}
