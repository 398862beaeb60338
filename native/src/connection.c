#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "descriptors.h"
#include "dial.h"
#include "exec.h"
#include "hooks.h"
#include "init_report.h"
#include "notice.h"
#include "sandbox.h"
#include "sdnotify.h"
#include "syscalls.h"
#include "terminal.h"

/* What a peer that doesn't read may leave unsent before it is dropped. */
#define OUT_MAX (1U << 20)
#define CHUNK 16384UL

static void connection_ready(struct shim *shim, struct source *source, short revents);
static void input_ready(struct shim *shim, struct source *source, short revents);

struct connection *connection_add(struct shim *shim, int fd)
{
	struct connection *connection;
	size_t count = 0;

	for (const struct connection *at = shim->connections; at != NULL; at = at->next)
		count++;
	connection = count >= CONNECTIONS_MAX ? NULL : calloc(1, sizeof(*connection));
	if (connection == NULL)
		return NULL;
	connection->source.fd = fd;
	connection->source.events = POLLIN;
	connection->source.ready = connection_ready;
	connection->file_fd = -1;
	connection->input = (struct source){ .fd = -1, .events = POLLOUT, .ready = input_ready };
	connection->next = shim->connections;
	shim->connections = connection;
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
	connection->source.events = (short)((connection->input_waits ? 0 : POLLIN) |
					    (connection->out_length > 0 ? POLLOUT : 0));
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

static void send_empty(struct connection *connection, enum answer type)
{
	uint8_t bytes[FRAME_HEADER];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };

	frame_end(&writer, frame_begin(&writer, type));
	connection_send(connection, &writer);
}

static void write_steps(struct writer *writer, const struct shim *shim)
{
	size_t frame = frame_begin(writer, ANSWER_STEPS);
	const struct timeline *timeline = &shim->report.timeline;
	uint8_t count = 0;

	for (size_t i = 0; i < STEP_COUNT; i++)
		count = (uint8_t)(count + (timeline->done[i] != 0));
	write_u8(writer, count);
	for (size_t i = 0; i < STEP_COUNT; i++) {
		if (timeline->done[i] == 0)
			continue;
		write_u8(writer, (uint8_t)i);
		write_u64(writer, timeline->done[i] - shim->begun);
	}
	frame_end(writer, frame);
}

void send_created(const struct shim *shim, struct connection *connection)
{
	uint8_t bytes[64];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame;

	if (!connection->subscribed)
		return;
	frame = frame_begin(&writer, ANSWER_CREATED);
	write_u32(&writer, (uint32_t)shim->pid);
	write_u64(&writer, shim->report.start_ticks);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

void send_started(const struct shim *shim, struct connection *connection)
{
	uint8_t bytes[512];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame;

	if (!connection->subscribed)
		return;
	write_steps(&writer, shim);
	frame = frame_begin(&writer, ANSWER_STARTED);
	write_u32(&writer, (uint32_t)shim->pid);
	write_u64(&writer, shim->report.start_ticks);
	write_u64(&writer, shim->started_at);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

void send_exited(const struct shim *shim, struct connection *connection)
{
	uint8_t bytes[64];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame = frame_begin(&writer, ANSWER_EXITED);

	write_u32(&writer, (uint32_t)shim->exit_status);
	write_u64(&writer, shim->exited_at);
	write_u8(&writer, shim->out_of_memory);
	write_u8(&writer, hooks_planned(&shim->plan, HOOK_POSTSTOP));
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

void send_state(struct shim *shim, struct connection *connection)
{
	connection->subscribed = true;
	if (shim->created)
		send_created(shim, connection);
	if (shim->started)
		send_started(shim, connection);
	sdnotify_send(shim, connection);
	init_report_send(shim, connection);
	if (shim->exited)
		send_exited(shim, connection);
}

/* The end of a stream, and with an exec's its exit. */
static void finish_stream(struct shim *shim, struct connection *connection)
{
	struct exec *exec = connection->stream_id == 0 ? NULL
						       : exec_find(shim, connection->stream_id);

	connection->streaming = false;
	close_fd(&connection->file_fd);
	send_empty(connection, ANSWER_END);
	if (exec != NULL && exec->exited)
		send_exec_exited(connection, exec);
}

static bool stream_complete(const struct shim *shim, const struct connection *connection,
			    const struct exec *exec)
{
	return !connection->follow || shim->exited || (exec != NULL && exec_finished(exec));
}

/* Sends one chunk of the stream. False when there is nothing more for now. */
static bool send_chunk(struct shim *shim, struct connection *connection)
{
	uint8_t bytes[CHUNK];
	const size_t head = FRAME_HEADER + 8;
	struct exec *exec = connection->stream_id == 0 ? NULL
						       : exec_find(shim, connection->stream_id);
	const struct stream *stream = connection->stream_id == 0 ? &shim->log
				      : exec == NULL             ? NULL
								 : &exec->stream;
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame;
	long got = stream == NULL ? 0
				  : stream_read(stream, &connection->offset, &connection->file_fd,
						&connection->file_segment, (char *)bytes + head,
						sizeof(bytes) - head);

	if (got <= 0) {
		if (got < 0 || stream == NULL || stream_complete(shim, connection, exec))
			finish_stream(shim, connection);
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

void connection_stream(struct shim *shim, struct connection *connection, uint32_t id,
		       uint64_t offset, bool follow)
{
	connection->streaming = true;
	connection->follow = follow;
	connection->stream_id = id;
	connection->offset = offset;
	close_fd(&connection->file_fd);
	connection_pump(shim, connection);
}

static int *stdin_of(struct shim *shim, uint32_t id)
{
	struct exec *exec;

	if (id == 0)
		return &shim->stdin_fd;
	exec = exec_find(shim, id);
	return exec == NULL ? NULL : &exec->stdin_fd;
}

/* Gives input to the workload. -EAGAIN: the pipe is full, the same frame again later. */
static int feed(struct shim *shim, struct connection *connection, struct reader *reader)
{
	uint32_t id = read_u32(reader);
	int *fd = stdin_of(shim, id);
	size_t length = (size_t)(reader->end - reader->at);
	ssize_t written;

	if (fd == NULL || *fd < 0 || length == 0)
		return 0;
	written = write(*fd, reader->at, length);
	if (written < 0 && errno == EAGAIN)
		written = 0;
	if (written < 0) {
		close_fd(fd);
		return 0;
	}
	if ((size_t)written == length)
		return 0;
	/* Keep the rest: it moves to the front of what this frame still holds. */
	memmove((uint8_t *)(uintptr_t)reader->at, reader->at + written, length - (size_t)written);
	connection->input_waits = true;
	connection->input_id = id;
	return -EAGAIN - (int)written;
}

static void send_result(struct connection *connection, int result, const char *attempt)
{
	if (result < 0)
		send_error(connection, -result, attempt);
	else
		send_empty(connection, ANSWER_OK);
}

/* To the workload (id 0), or to a process that was run beside it. */
static int deliver(struct shim *shim, int number, uint32_t id)
{
	struct exec *exec;

	if (id != 0) {
		exec = exec_find(shim, id);
		return exec == NULL ? -ESRCH : exec_signal(shim, exec, number);
	}
	if (shim->exited)
		return -ESRCH;
	/* The frozen of a v1 hierarchy do not even die. */
	if (number == SIGKILL && shim->frozen)
		(void)shim_freeze(shim, false);
	return shim_signal(shim, number);
}

/* u32 number, and for an exec its u32 id. */
static void send_signal(struct shim *shim, struct connection *connection, struct reader *reader)
{
	int number = (int)read_u32(reader);
	int result = deliver(shim, number, reader->at == reader->end ? 0 : read_u32(reader));

	send_result(connection, result, "send the signal");
}

static int resize(struct shim *shim, uint32_t id, const struct terminal_size *size)
{
	const struct exec *exec = id == 0 ? NULL : exec_find(shim, id);
	bool terminal = id == 0 ? shim->plan.terminal : exec != NULL && exec->terminal;
	int result;

	if (!terminal)
		return -ENOTTY;
	result = terminal_resize(id == 0 ? shim->out.source.fd : exec->out.source.fd, size);
	/* The host's kernel tells the runtime, which tells nobody. */
	if (result == 0 && plan_is_sandboxed(&shim->plan))
		(void)sandbox_signal(shim, id, SIGWINCH);
	return result;
}

/* Everything but input, which may have to wait. */
static void serve(struct shim *shim, struct connection *connection, uint8_t type,
		  struct reader *reader)
{
	switch (type) {
	case REQUEST_SUBSCRIBE:
		send_state(shim, connection);
		return;
	case REQUEST_SIGNAL:
		send_signal(shim, connection, reader);
		return;
	case REQUEST_STOP: {
		int number = (int)read_u32(reader);

		shim_stop(shim, number, read_u32(reader));
		send_empty(connection, ANSWER_OK);
		return;
	}
	case REQUEST_STREAM: {
		uint32_t id = read_u32(reader);
		uint64_t offset = read_u64(reader);

		connection_stream(shim, connection, id, offset, read_u8(reader) != 0);
		return;
	}
	case REQUEST_STDIN_END: {
		int *fd = stdin_of(shim, read_u32(reader));

		if (fd != NULL)
			close_fd(fd);
		return;
	}
	case REQUEST_START:
		send_result(connection, shim_release(shim), "start what is not waiting for that");
		return;
	case REQUEST_FREEZE:
		send_result(connection, shim_freeze(shim, read_u8(reader) != 0),
			    "freeze or thaw the container");
		return;
	case REQUEST_RESIZE: {
		uint32_t id = read_u32(reader);
		struct terminal_size size = { .rows = read_u16(reader) };

		size.columns = read_u16(reader);
		send_result(connection, resize(shim, id, &size), "resize the terminal");
		return;
	}
	case REQUEST_DENIALS:
		notice_send(shim, connection);
		return;
	case REQUEST_EXEC:
		exec_start(shim, connection, reader);
		return;
	case REQUEST_DIAL: {
		uint16_t port = read_u16(reader);

		dial_start(shim, connection, port, read_u32(reader));
		return;
	}
	default:
		send_error(connection, EBADMSG, "unknown request");
		connection->closing = true;
	}
}

/* Handles the request at the front, if it is there whole. */
static bool serve_next(struct shim *shim, struct connection *connection)
{
	struct reader reader = { .at = connection->in,
				 .end = connection->in + connection->in_length };
	uint32_t length;
	uint8_t type;

	if (connection->in_length < FRAME_HEADER)
		return false;
	length = read_u32(&reader);
	type = read_u8(&reader);
	if (length > REQUEST_MAX) {
		send_error(connection, EMSGSIZE, "request too long");
		connection->dead = true;
		return false;
	}
	if ((size_t)(reader.end - reader.at) < length)
		return false;
	reader.end = reader.at + length;
	connection->input_waits = false;
	if (type == REQUEST_STDIN) {
		int result = feed(shim, connection, &reader);

		if (result <= -EAGAIN) {
			uint32_t written = (uint32_t)(-result - EAGAIN);
			uint32_t left = length - written;

			memmove(connection->in + FRAME_HEADER + left,
				connection->in + FRAME_HEADER + length,
				connection->in_length - FRAME_HEADER - length);
			for (size_t i = 0; i < 4; i++)
				connection->in[i] = (uint8_t)(left >> (8 * i));
			connection->in_length -= written;
			return false;
		}
	} else {
		serve(shim, connection, type, &reader);
	}
	connection->in_length -= FRAME_HEADER + length;
	memmove(connection->in, connection->in + FRAME_HEADER + length, connection->in_length);
	return connection->dial == NULL && !connection->dead;
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
	while (!connection->input_waits && connection->dial == NULL && !connection->dead) {
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
		while (serve_next(shim, connection)) {
		}
	}
}

static void connection_ready(struct shim *shim, struct source *source, short revents)
{
	struct connection *connection = of(source);

	if (connection->dead)
		return;
	if (connection->dial != NULL) {
		dial_peer_ready(connection, revents);
		return;
	}
	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		receive(shim, connection);
	connection_pump(shim, connection);
}

static void connection_free(struct shim *shim, struct connection *connection)
{
	execs_forget(shim, connection);
	if (connection->dial != NULL)
		dial_free(connection->dial);
	close_fd(&connection->source.fd);
	close_fd(&connection->file_fd);
	free(connection->in);
	free(connection->out);
	free(connection);
}

static void resume_input(struct shim *shim, struct connection *connection)
{
	while (!connection->dead && serve_next(shim, connection)) {
	}
	watch(connection);
}

static void input_ready(struct shim *shim, struct source *source, short revents)
{
	struct connection *connection = (struct connection *)(void *)((uint8_t *)source -
								      offsetof(struct connection,
									       input));

	(void)revents;
	resume_input(shim, connection);
}

struct source *connection_input(struct shim *shim, struct connection *connection)
{
	int *fd = connection->input_waits ? stdin_of(shim, connection->input_id) : NULL;

	connection->input.fd = fd == NULL ? -1 : *fd;
	/* The pipe has gone meanwhile: what was meant for it is dropped. */
	if (connection->input_waits && connection->input.fd < 0)
		resume_input(shim, connection);
	return &connection->input;
}

void connections_sweep(struct shim *shim)
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
