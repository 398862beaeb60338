#include "shim/request.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/descriptors.h"
#include "launch/pty.h"
#include "shim/answer.h"
#include "shim/attach.h"
#include "shim/container_start.h"
#include "shim/control.h"
#include "shim/dial.h"
#include "shim/exec.h"
#include "shim/seccomp_notify.h"
#include "shim/ticket.h"

static void send_result(struct connection *connection, int result, const char *attempt)
{
	if (result < 0)
		send_error(connection, -result, attempt);
	else
		send_empty(connection, ANSWER_OK);
}

/* Signals the workload (id 0) or an exec. */
static int deliver(struct shim *shim, int number, uint32_t id, bool group)
{
	struct exec *exec;

	if (id != 0) {
		exec = exec_find(shim, id);
		return exec == NULL ? -ESRCH : exec_signal(shim, exec, number, group);
	}
	if (shim->exited)
		return -ESRCH;
	/* Processes frozen in a v1 hierarchy do not even die from SIGKILL. */
	if (number == SIGKILL && shim->frozen)
		(void)shim_freeze(shim, false);
	return shim_signal_command(shim, number, group);
}

/* Whether the client has hung up. Its request is then dropped: the manager has reported it as
 * failed. */
static bool has_hung_up(const struct connection *connection)
{
	struct pollfd polled = { .fd = connection->source.fd, .events = POLLRDHUP };

	return poll(&polled, 1, 0) == 1 && (polled.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static void freeze(struct shim *shim, struct connection *connection, bool pause)
{
	bool was_frozen = shim->frozen;
	int result = pause ? shim_pause(shim) : shim_freeze(shim, false);

	/* The client may have given up meanwhile. A container that was already paused stays
	 * paused. */
	if (pause && !was_frozen && result == 0 && has_hung_up(connection))
		(void)shim_freeze(shim, false);
	send_result(connection, result,
		    pause ? "freeze every process; one may be in uninterruptible sleep (state D)"
			  : "thaw the container");
}

/* u32 number; for an exec its u32 id; for its process group u8 1 after the id. */
static void send_signal(struct shim *shim, struct connection *connection, struct reader *reader)
{
	int number = (int)read_u32(reader);
	uint32_t id = reader->at == reader->end ? 0 : read_u32(reader);
	bool group = reader->at != reader->end && read_u8(reader) != 0;

	/* The signal would be delivered only once the container is resumed: the client exits by
	 * itself instead. */
	if (connection->attached && shim->frozen)
		send_error(connection, EBUSY, "the container is paused");
	else
		send_result(connection, deliver(shim, number, id, group), "send the signal");
}

/* u32 0, u64 offset, u8 whether to follow the log. */
static void send_stream(struct shim *shim, struct connection *connection, struct reader *reader)
{
	uint32_t id = read_u32(reader);
	uint64_t offset = read_u64(reader);

	if (id != 0)
		send_error(connection, EBADMSG, "only the container's log can be read");
	else if (connection_admit(shim, connection,
				  connection->subscribed ? USE_SESSION : USE_READER))
		connection_stream(shim, connection, offset, read_u8(reader) != 0);
}

/* u32 id, u16 rows, u16 columns. */
static int resize(struct shim *shim, struct reader *reader)
{
	uint32_t id = read_u32(reader);
	struct terminal_size size = { .rows = read_u16(reader) };
	const struct exec *exec = id == 0 ? NULL : exec_find(shim, id);
	bool terminal = id == 0 ? shim->plan.terminal : exec != NULL && exec->terminal;
	int result;

	size.columns = read_u16(reader);
	if (!terminal)
		return -ENOTTY;
	result = pty_resize(id == 0 ? shim->out.source.fd : exec->out.source.fd, &size);
	/* The host's kernel signals the runtime, which does not forward the signal. */
	if (result == 0 && plan_uses_gvisor(&shim->plan))
		(void)shim->signal_inside(shim, id, SIGWINCH);
	return result;
}

/* Whether the request is dropped once its client has hung up; a stop and a signal are still carried
 * out. */
static bool is_for_now(uint8_t type)
{
	return type == REQUEST_FREEZE || type == REQUEST_START || type == REQUEST_EXEC ||
	       type == REQUEST_DIAL;
}

/* u32 id, u8 whether the process ends with its client, bytes ticket. */
static void accept_ticket(struct shim *shim, struct connection *connection, struct reader *reader)
{
	uint32_t id = read_u32(reader);
	bool owner = read_u8(reader) != 0;

	if (reader->faulty || reader->end - reader->at != TICKET_BYTES)
		send_error(connection, EBADMSG, "malformed ticket");
	else
		send_result(connection, ticket_add(shim, id, reader->at, owner),
			    "announce a client");
}

/* An attached client may only signal the process it is attached to, resize its terminal, and end
 * its input. */
static bool is_allowed(const struct connection *connection, uint8_t type,
		       const struct reader *reader)
{
	struct reader copy = *reader;

	if (!connection->attached)
		return true;
	if (type == REQUEST_RESIZE || type == REQUEST_STDIN_END)
		return read_u32(&copy) == connection->attached_id;
	if (type != REQUEST_SIGNAL)
		return false;
	(void)read_u32(&copy);
	return (copy.at == copy.end ? 0 : read_u32(&copy)) == connection->attached_id;
}

/* u32 number, u32 grace in ms. */
static void stop(struct shim *shim, struct connection *connection, struct reader *reader)
{
	int number = (int)read_u32(reader);

	shim_stop(shim, number, read_u32(reader));
	send_empty(connection, ANSWER_OK);
}

/* u32 id. */
static void end_input(struct shim *shim, struct reader *reader)
{
	int *fd = exec_stdin(shim, read_u32(reader));

	if (fd != NULL)
		close_fd(fd);
}

/* u16 port, u32 timeout in ms. */
static void dial(struct shim *shim, struct connection *connection, struct reader *reader)
{
	uint16_t port = read_u16(reader);

	if (connection_admit(shim, connection, USE_PROBE))
		dial_start(shim, connection, port, read_u32(reader));
}

static void serve(struct shim *shim, struct connection *connection, uint8_t type,
		  struct reader *reader)
{
	if (!is_allowed(connection, type, reader)) {
		send_error(connection, EPERM, "an attached client may not send this request");
		connection->closing = true;
		return;
	}
	if (is_for_now(type) && has_hung_up(connection))
		return;
	switch (type) {
	case REQUEST_TICKET:
		accept_ticket(shim, connection, reader);
		return;
	case REQUEST_ATTACH:
		attach_serve(shim, connection, reader);
		return;
	case REQUEST_SUBSCRIBE:
		send_state(shim, connection);
		return;
	case REQUEST_SIGNAL:
		send_signal(shim, connection, reader);
		return;
	case REQUEST_STOP:
		stop(shim, connection, reader);
		return;
	case REQUEST_STREAM:
		send_stream(shim, connection, reader);
		return;
	case REQUEST_STDIN_END:
		end_input(shim, reader);
		return;
	case REQUEST_START:
		send_result(connection, shim_release(shim),
			    "start a container that is not waiting to be started");
		return;
	case REQUEST_FREEZE:
		freeze(shim, connection, read_u8(reader) != 0);
		return;
	case REQUEST_RESIZE:
		send_result(connection, resize(shim, reader), "resize the terminal");
		return;
	case REQUEST_DENIALS:
		notice_send(shim, connection);
		return;
	case REQUEST_RECORD:
		send_record(shim, connection);
		return;
	case REQUEST_EXEC:
		exec_start(shim, connection, reader);
		return;
	case REQUEST_DIAL:
		dial(shim, connection, reader);
		return;
	default:
		send_error(connection, EBADMSG, "unknown request");
		connection->closing = true;
	}
}

bool request_serve(struct shim *shim, struct connection *connection)
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
	serve(shim, connection, type, &reader);
	connection->in_length -= FRAME_HEADER + length;
	memmove(connection->in, connection->in + FRAME_HEADER + length, connection->in_length);
	return connection->dial == NULL && !connection->dead;
}
