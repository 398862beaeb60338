#include "shim/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "shim/answer.h"
#include "shim/control.h"
#include "shim/exec.h"
#include "shim/loop.h"
#include "shim/output.h"
#include "shim/ticket.h"

/* ms for a copy to exit by itself after its client has disconnected. */
#define COPY_GRACE 2000

static int terminal_of(struct shim *shim, const struct connection *connection)
{
	const int *fd = exec_stdin(shim, connection->attached_id);

	return fd == NULL ? -1 : *fd;
}

/* Writes typed input to the terminal; while the terminal is full, no more is read. */
static void type(struct shim *shim, struct connection *connection)
{
	int fd = terminal_of(shim, connection);
	size_t left = connection->typed_end - connection->typed_start;
	ssize_t written = fd < 0 || left == 0
				  ? 0
				  : write(fd, connection->typed + connection->typed_start, left);

	if (fd < 0 || (written < 0 && errno != EAGAIN && errno != EINTR)) {
		close_fd(&connection->keys.fd);
		left = 0;
	} else {
		if (written > 0 && connection->attached_id == 0)
			shim_typed(shim, connection->typed + connection->typed_start,
				   (size_t)written);
		connection->typed_start += written < 0 ? 0 : (size_t)written;
		left = connection->typed_end - connection->typed_start;
	}
	connection->keys.events = left == 0 ? POLLIN : 0;
	connection->terminal.events = left == 0 ? 0 : POLLOUT;
}

static void keys_ready(struct shim *shim, struct source *source, short revents)
{
	struct connection *connection = (struct connection *)(void *)((uint8_t *)source -
								      offsetof(struct connection,
									       keys));
	ssize_t got = read(source->fd, connection->typed, sizeof(connection->typed));

	(void)revents;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		close_fd(&source->fd);
		return;
	}
	connection->typed_start = 0;
	connection->typed_end = (size_t)got;
	type(shim, connection);
}

static void terminal_ready(struct shim *shim, struct source *source, short revents)
{
	(void)revents;
	type(shim, (struct connection *)(void *)((uint8_t *)source -
						 offsetof(struct connection, terminal)));
}

/* The terminal that an attached client types into. */
static struct source *polled_terminal(struct shim *shim, struct connection *connection)
{
	/* Looked up in every turn: it may have been closed and its number reused. */
	connection->terminal.fd = connection->terminal.events == 0 ? -1
								   : terminal_of(shim, connection);
	connection->terminal.ready = terminal_ready;
	return &connection->terminal;
}

/* The outputs of the workload (id 0) or of an exec. False: the exec no longer exists. */
static bool outputs_of(struct shim *shim, uint32_t id, struct output *outputs[ATTACHED_OUTPUTS])
{
	struct exec *exec = id == 0 ? NULL : exec_find(shim, id);

	if (id != 0 && exec == NULL)
		return false;
	outputs[0] = exec == NULL ? &shim->out : &exec->out;
	outputs[1] = exec == NULL ? &shim->err : &exec->err;
	return true;
}

/* Opens a client's input: the process's own pipe or, for a terminal, a pipe to the shim. Returns
 * the client's end, or -1 if there is no input. */
static int open_input(struct shim *shim, struct connection *connection, bool terminal)
{
	int *fd = exec_stdin(shim, connection->attached_id);
	int ends[2];

	if (fd == NULL || *fd < 0)
		return -1;
	if (!terminal) {
		(void)pipe_enlarge(*fd);
		return connection->owner ? release(fd) : fcntl(*fd, F_DUPFD_CLOEXEC, 0);
	}
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	connection->keys = (struct source){ .fd = ends[0], .events = POLLIN, .ready = keys_ready };
	return ends[1];
}

static int send_ends(struct connection *connection, const int *fds, size_t count, uint8_t flags)
{
	uint8_t bytes[FRAME_HEADER + 5];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame = frame_begin(&writer, ANSWER_ATTACHED);

	write_u8(&writer, flags);
	write_u32(&writer, connection->attached_id);
	frame_end(&writer, frame);
	return descriptors_send(connection->source.fd, bytes, writer.length, fds, count);
}

static void report_exit(struct shim *shim, struct connection *connection, uint32_t id)
{
	const struct exec *exec = id == 0 ? NULL : exec_find(shim, id);

	if (id == 0 && shim->exited)
		send_ended(connection, shim->exit_status);
	if (exec != NULL && exec->exited)
		send_ended(connection, exec->exit_status);
}

static int attach(struct shim *shim, struct connection *connection, const struct ticket *ticket)
{
	struct output *outputs[ATTACHED_OUTPUTS];
	int fds[ATTACHED_OUTPUTS + 1];
	size_t count = 0;
	uint8_t flags = 0;
	int result = 0;

	if (!outputs_of(shim, ticket->id, outputs))
		return -ESRCH;
	connection->attached = true;
	connection->attached_id = ticket->id;
	connection->owner = ticket->owner;
	for (size_t i = 0; i < ATTACHED_OUTPUTS && result == 0; i++) {
		int fd;

		if (i > 0 && !outputs[0]->is_pipe)
			break;
		fd = output_open_tap(&connection->taps[i], outputs[i]);
		result = fd < 0 ? fd : 0;
		if (fd >= 0)
			fds[count++] = fd;
		flags |= i > 0 ? ATTACHED_ERR : 0;
	}
	if (result == 0) {
		int fd = open_input(shim, connection, !outputs[0]->is_pipe);

		if (fd >= 0) {
			fds[count++] = fd;
			flags |= ATTACHED_INPUT;
		}
		result = send_ends(connection, fds, count, flags);
	}
	for (size_t i = 0; i < count; i++)
		(void)close(fds[i]);
	for (size_t i = 0; i < ATTACHED_OUTPUTS && result == 0; i++) {
		outputs[i]->awaited = false;
		output_pump(shim, outputs[i]);
	}
	if (result == 0)
		report_exit(shim, connection, ticket->id);
	return result;
}

static void end_owned(struct shim *shim, uint32_t id)
{
	struct exec *exec = id == 0 ? NULL : exec_find(shim, id);

	if (id != 0) {
		if (exec != NULL && exec->copies && !exec->exited) {
			/* On SIGTERM it removes partially written files. */
			(void)exec_signal(shim, exec, SIGTERM, false);
			exec->deadline = monotonic_ms() + COPY_GRACE;
		} else if (exec != NULL) {
			exec_end(shim, exec);
		}
		return;
	}
	if (shim->exited)
		return;
	if (shim->frozen)
		(void)shim_freeze(shim, false);
	(void)shim_signal(shim, SIGKILL);
}

/* Handles a ticket whose client did not attach: the output of the process that it would have owned
 * goes to the log only, and that process is ended. */
static void abandon(struct shim *shim, const struct ticket *ticket)
{
	struct output *outputs[ATTACHED_OUTPUTS];

	if (!ticket->owner || !outputs_of(shim, ticket->id, outputs))
		return;
	for (size_t i = 0; i < ATTACHED_OUTPUTS; i++) {
		outputs[i]->awaited = false;
		output_pump(shim, outputs[i]);
	}
	end_owned(shim, ticket->id);
}

void attach_serve(struct shim *shim, struct connection *connection, struct reader *reader)
{
	struct ticket *ticket = NULL;
	int result = -EACCES;

	if (reader->end - reader->at == TICKET_BYTES && !connection->attached)
		ticket = ticket_take(shim, reader->at);
	/* The session of an exec was counted when the exec was started. */
	if (ticket != NULL &&
	    connection_admit(shim, connection, ticket->id == 0 ? USE_SESSION : USE_CLIENT))
		result = attach(shim, connection, ticket);
	else if (ticket != NULL)
		result = -EAGAIN;
	if (ticket != NULL && result < 0)
		abandon(shim, ticket);
	free(ticket);
	if (result < 0 && result != -EAGAIN)
		send_error(connection, -result, "attach: the ticket is invalid or has expired");
	if (result < 0)
		connection->closing = true;
}

void attach_detach(struct shim *shim, struct connection *connection)
{
	if (!connection->attached)
		return;
	for (size_t i = 0; i < ATTACHED_OUTPUTS; i++) {
		struct output *output = connection->taps[i].output;

		output_close_tap(&connection->taps[i]);
		/* The other clients may have been waiting for this one to read. */
		if (output != NULL)
			output_pump(shim, output);
	}
	close_fd(&connection->keys.fd);
	connection->attached = false;
	if (connection->owner)
		end_owned(shim, connection->attached_id);
}

static void watch(struct shim *shim, struct poll_set *set)
{
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (!at->attached)
			continue;
		for (size_t i = 0; i < ATTACHED_OUTPUTS; i++)
			poll_set_add(set, &at->taps[i].source);
		poll_set_add(set, &at->keys);
		poll_set_add(set, polled_terminal(shim, at));
	}
}

/* Ends the processes whose client did not attach in time. */
static void expire(struct shim *shim, int64_t now)
{
	struct ticket *ticket;

	while ((ticket = ticket_expired(shim, now)) != NULL) {
		abandon(shim, ticket);
		free(ticket);
	}
}

void attach_init(struct shim *shim)
{
	static struct loop_member member = { .watch = watch,
					     .due_at = tickets_due_at,
					     .expire = expire };

	loop_join(shim, &member);
}
