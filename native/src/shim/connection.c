#include "shim/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "shim/loop.h"

/* Unsent bytes above which a peer that doesn't read is disconnected. */
#define OUT_MAX (1U << 20)
#define CHUNK 16384UL

static void connection_ready(struct shim *shim, struct source *source, short revents);

/* Counts the live connections of one use, or with USE_COUNT all of them. */
static size_t count_of(const struct shim *shim, enum connection_use use)
{
	size_t count = 0;

	for (const struct connection *at = shim->connections; at != NULL; at = at->next)
		count += !at->dead && (use == USE_COUNT || at->use == use);
	return count;
}

/* Whether no request is pending on the connection. */
static bool is_idle(const struct shim *shim, const struct connection *connection)
{
	return !connection->dead && !connection->subscribed && !connection->streaming &&
	       connection->dial == NULL && !connection->attached && connection->out_length == 0 &&
	       !shim->handler->has_running_exec(shim, connection);
}

/* Closes the oldest idle connection: the list begins with the newest. */
static bool evict_idle(struct shim *shim)
{
	struct connection *oldest = NULL;

	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (is_idle(shim, at))
			oldest = at;
	}
	if (oldest != NULL)
		oldest->dead = true;
	return oldest != NULL;
}

bool connection_admit(struct shim *shim, struct connection *connection, enum connection_use use)
{
	/* The rest of CONNECTIONS_MAX is for control connections, which are never refused here. */
	static const size_t slots[USE_COUNT] = {
		[USE_PROBE] = PROBES_MAX,
		[USE_SESSION] = SESSIONS_MAX,
		[USE_CLIENT] = SESSIONS_MAX,
		[USE_READER] = READERS_MAX,
	};
	static const char *const refusals[USE_COUNT] = {
		[USE_PROBE] = "too many probes of the container at once",
		[USE_SESSION] = "too many sessions in the container; try again when one has ended",
		[USE_CLIENT] = "too many clients of the container's sessions",
		[USE_READER] = "too many readers of the container's log",
	};

	if (connection->use != use && count_of(shim, use) >= slots[use]) {
		send_error(connection, EAGAIN, refusals[use]);
		return false;
	}
	connection->use = use;
	return true;
}

static void connection_free(struct shim *shim, struct connection *connection)
{
	shim->handler->on_close(shim, connection);
	close_fd(&connection->source.fd);
	close_fd(&connection->file_fd);
	free(connection->in);
	free(connection->out);
	free(connection);
}

/* Frees the dead connections. */
static void sweep(struct shim *shim)
{
	struct connection **link = &shim->connections;

	while (*link != NULL) {
		struct connection *connection = *link;

		if (connection->dead) {
			*link = connection->next;
			connection_free(shim, connection);
		} else {
			link = &connection->next;
		}
	}
}

static void watch_all(struct shim *shim, struct poll_set *set)
{
	for (struct connection *at = shim->connections; at != NULL; at = at->next)
		poll_set_add(set, &at->source);
}

static struct loop_member member = { .watch = watch_all, .sweep = sweep };

struct connection *connection_add(struct shim *shim, int fd)
{
	struct connection *connection = NULL;

	if (count_of(shim, USE_COUNT) < CONNECTIONS_MAX || evict_idle(shim))
		connection = calloc(1, sizeof(*connection));
	if (connection == NULL)
		return NULL;
	connection->source.fd = fd;
	connection->source.events = POLLIN;
	connection->source.ready = connection_ready;
	connection->file_fd = -1;
	connection->keys.fd = connection->terminal.fd = -1;
	for (size_t i = 0; i < ATTACHED_OUTPUTS; i++)
		connection->taps[i].source.fd = -1;
	connection->next = shim->connections;
	shim->connections = connection;
	loop_join(shim, &member);
	return connection;
}

static struct connection *of(struct source *source)
{
	return (struct connection *)(void *)((uint8_t *)source -
					     offsetof(struct connection, source));
}

static void flush(struct connection *connection)
{
	while (connection->out_length > 0 && !connection->dead) {
		ssize_t sent = send(connection->source.fd, connection->out, connection->out_length,
				    MSG_NOSIGNAL);

		if (sent < 0) {
			connection->dead = errno != EAGAIN && errno != EINTR;
			if (errno != EINTR)
				break;
			continue;
		}
		connection->out_length -= (size_t)sent;
		memmove(connection->out, connection->out + sent, connection->out_length);
	}
	if (connection->out_length == 0 && connection->out_capacity > CHUNK * 2) {
		free(connection->out);
		connection->out = NULL;
		connection->out_capacity = 0;
	}
}

static void enqueue(struct connection *connection, const uint8_t *data, size_t length)
{
	size_t needed = connection->out_length + length;

	if (connection->dead)
		return;
	if (needed > OUT_MAX) {
		connection->dead = true;
		return;
	}
	if (needed > connection->out_capacity) {
		uint8_t *grown = realloc(connection->out, needed);

		if (grown == NULL) {
			connection->dead = true;
			return;
		}
		connection->out = grown;
		connection->out_capacity = needed;
	}
	memcpy(connection->out + connection->out_length, data, length);
	connection->out_length = needed;
}

static void watch(struct connection *connection)
{
	if (connection->dial != NULL)
		return;
	connection->source.events = (short)(POLLIN | (connection->out_length > 0 ? POLLOUT : 0));
}

void connection_send(struct connection *connection, const struct writer *writer)
{
	if (writer->overflowed) {
		connection->dead = true;
		return;
	}
	enqueue(connection, writer->data, writer->length);
	flush(connection);
	watch(connection);
}

void send_error(struct connection *connection, int error, const char *text)
{
	uint8_t bytes[256];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };

	write_error(&writer, error, text);
	connection_send(connection, &writer);
}

void send_empty(struct connection *connection, enum answer type)
{
	uint8_t bytes[FRAME_HEADER];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };

	frame_end(&writer, frame_begin(&writer, type));
	connection_send(connection, &writer);
}

/* Sends one chunk of the log. False when there is nothing more for now. */
static bool send_chunk(struct shim *shim, struct connection *connection)
{
	uint8_t bytes[CHUNK];
	const size_t head = FRAME_HEADER + 8;
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame;
	long got = stream_read(&shim->log, &connection->offset, &connection->file_fd,
			       &connection->file_segment, (char *)bytes + head,
			       sizeof(bytes) - head);

	if (got <= 0) {
		if (got < 0 || !connection->follow || shim->log_complete) {
			connection->streaming = false;
			close_fd(&connection->file_fd);
			send_empty(connection, ANSWER_END);
		}
		return false;
	}
	frame = frame_begin(&writer, ANSWER_DATA);
	write_u64(&writer, connection->offset);
	writer.length += (size_t)got;
	frame_end(&writer, frame);
	connection->offset += (uint64_t)got;
	connection_send(connection, &writer);
	return true;
}

void connection_pump(struct shim *shim, struct connection *connection)
{
	flush(connection);
	while (connection->streaming && connection->out_length == 0 && !connection->dead) {
		if (!send_chunk(shim, connection))
			break;
	}
	if (connection->closing && connection->out_length == 0)
		connection->dead = true;
	watch(connection);
}

void connections_pump_log(struct shim *shim)
{
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->streaming)
			connection_pump(shim, at);
	}
}

void connection_stream(struct shim *shim, struct connection *connection, uint64_t offset,
		       bool follow)
{
	connection->streaming = true;
	connection->follow = follow;
	connection->offset = offset;
	close_fd(&connection->file_fd);
	connection_pump(shim, connection);
}

static bool make_room(struct connection *connection)
{
	size_t capacity = connection->in_capacity == 0 ? 1024 : connection->in_capacity * 2;
	uint8_t *grown;

	if (connection->in_length < connection->in_capacity)
		return true;
	if (capacity > 2UL * (REQUEST_MAX + FRAME_HEADER))
		return false;
	grown = realloc(connection->in, capacity);
	if (grown == NULL)
		return false;
	connection->in = grown;
	connection->in_capacity = capacity;
	return true;
}

static void receive(struct shim *shim, struct connection *connection)
{
	while (connection->dial == NULL && !connection->dead) {
		ssize_t got;

		if (!make_room(connection)) {
			connection->dead = true;
			return;
		}
		got = recv(connection->source.fd, connection->in + connection->in_length,
			   connection->in_capacity - connection->in_length, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			connection->dead = true;
			return;
		}
		connection->in_length += (size_t)got;
		while (shim->handler->serve(shim, connection)) {
		}
	}
}

static void connection_ready(struct shim *shim, struct source *source, short revents)
{
	struct connection *connection = of(source);

	if (connection->dead)
		return;
	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		receive(shim, connection);
	connection_pump(shim, connection);
}
