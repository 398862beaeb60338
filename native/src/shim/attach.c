#include "shim/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "shim/answer.h"
#include "shim/exec.h"
#include "shim/request.h"

/* ms in which a client must come with its ticket. */
#define GRANT_TIME 10000
/* ms for a copy to end by itself when its client has left. */
#define COPY_GRACE 2000
/* ms without progress after which the rest of the output of a process that has ended is dropped.
 * The client that started it has no limit. */
#define PATIENCE 600000
/* Tickets that may be waiting at once. */
#define GRANTS_MAX 64
/* Size of attached pipes: larger ones mean fewer wakeups. */
#define PIPE_BYTES (1 << 20)
/* What one turn moves of one output: whoever floods it starves nobody. */
#define TURNS 16
#define CHUNK 65536UL
/* ns between two reads of output that isn't logged. A pipe of PIPE_BYTES holds up no writer below
 * 500 MB/s. */
#define DISCARD_PAUSE 2000000U
/* A writer of BURST bytes within BURST_TIME ns is read only every BURST_PAUSE ns: its output moves
 * in few large pieces then, and not with a wakeup of supervisor and client for each write(2). A
 * pipe of PIPE_BYTES holds up no writer below 5 GB/s. */
#define BURST 262144U
#define BURST_TIME 1000000U
#define BURST_PAUSE 200000U

enum moved {
	MOVED,
	EMPTY,  /* nothing is there for now */
	FULL,   /* a client has to read first */
	PAUSED, /* there may be more; reading resumes at output->resumes_at */
	ENDED,
};

static void tap_ready(struct shim *shim, struct source *source, short revents)
{
	struct tap *tap = (struct tap *)(void *)((uint8_t *)source - offsetof(struct tap, source));

	(void)revents;
	source->events = 0;
	if (tap->output != NULL)
		attach_pump(shim, tap->output);
}

static void tap_close(struct tap *tap)
{
	close_fd(&tap->source.fd);
	tap->source.events = 0;
	tap->output = NULL;
}

/* The next of an output's taps after `tap`, or the first. */
static struct tap *next_tap(const struct shim *shim, const struct output *output,
			    const struct tap *tap)
{
	bool passed = tap == NULL;

	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		for (size_t i = 0; i < ATTACHED_OUTPUTS && at->attached; i++) {
			struct tap *candidate = &at->taps[i];

			if (passed && candidate->output == output)
				return candidate;
			passed |= candidate == tap;
		}
	}
	return NULL;
}

static void wait_for(struct tap *tap)
{
	tap->source.events = POLLOUT;
}

/* Writes to every client what was read for all of them. */
static enum moved deliver(const struct shim *shim, struct output *output)
{
	bool full = false;

	for (struct tap *tap = next_tap(shim, output, NULL); tap != NULL;
	     tap = next_tap(shim, output, tap)) {
		size_t left = output->length - tap->done;
		ssize_t written =
			left == 0 ? 0 : write(tap->source.fd, output->pending + tap->done, left);

		if (written < 0 && errno != EAGAIN && errno != EINTR) {
			tap_close(tap);
			continue;
		}
		tap->done += written < 0 ? 0 : (size_t)written;
		if (tap->done < output->length) {
			wait_for(tap);
			full = true;
		}
	}
	if (full)
		return FULL;
	output->length = 0;
	return MOVED;
}

/* Takes output that isn't logged from a pipe, without a copy: standard output is /dev/null. */
static ssize_t discard(struct output *output, size_t length)
{
	ssize_t got = splice(output->source.fd, NULL, STDOUT_FILENO, NULL, length,
			     SPLICE_F_NONBLOCK);

	if (got > 0)
		stream_skip(output->stream, output->tag, (size_t)got);
	return got;
}

/* The same, but the log remembers the last of it. */
static ssize_t discard_but_last(struct output *output, size_t length)
{
	size_t last = length < STREAM_KEPT_MAX ? length : STREAM_KEPT_MAX;
	ssize_t passed = length > last ? discard(output, length - last) : 0;
	ssize_t got;

	if (passed < 0 || (size_t)passed < length - last)
		return passed;
	got = read(output->source.fd, output->pending, last);
	if (got <= 0)
		return passed > 0 ? passed : got;
	stream_keep(output->stream, output->tag, output->pending, (size_t)got);
	return passed + got;
}

/* Logs what a client has been given already, as far as the rate allows. */
static void consume(struct output *output, size_t length)
{
	while (length > 0) {
		bool kept = stream_admits(output->stream, false);
		ssize_t got = kept ? read(output->source.fd, output->pending,
					  length < CHUNK ? length : CHUNK)
				   : discard_but_last(output, length);

		if (got <= 0)
			return;
		if (kept)
			stream_append(output->stream, output->tag, output->pending, (size_t)got,
				      false);
		length -= (size_t)got;
	}
}

/* How much may be moved: until the end that is known, if it is. */
static size_t bound(const struct output *output, size_t length)
{
	return output->left >= 0 && (size_t)output->left < length ? (size_t)output->left : length;
}

static void count(struct output *output, size_t moved)
{
	if (output->left < 0)
		return;
	output->left -= (int64_t)moved;
	output->moved_at = monotonic_ms();
}

static enum moved pause_until(struct output *output, uint64_t when)
{
	output->resumes_at = when;
	return PAUSED;
}

/* Whether the pipe has PIPE_BYTES now. Less stays where the user may have no more (pipe(7),
 * pipe-user-pages-soft). */
static bool enlarge(int fd)
{
	return fcntl(fd, F_GETPIPE_SZ) >= PIPE_BYTES ||
	       fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES) >= PIPE_BYTES;
}

/* After `moved` bytes for a client. */
static enum moved pause_in_burst(struct output *output, size_t moved)
{
	uint64_t now = monotonic_ns();

	if (now - output->burst_at > BURST_TIME) {
		output->burst_at = now;
		output->burst = 0;
	}
	output->burst += moved;
	/* The rest of a process that has ended grows no more. */
	if (output->burst < BURST || output->left >= 0 || !enlarge(output->source.fd))
		return MOVED;
	return pause_until(output, now + BURST_PAUSE);
}

/* The pages themselves, without a copy (tee(2)). */
static enum moved pass_on(struct output *output, struct tap *tap)
{
	ssize_t given = tee(output->source.fd, tap->source.fd, bound(output, PIPE_BYTES),
			    SPLICE_F_NONBLOCK);
	int waiting = 0;

	if (given > 0) {
		consume(output, (size_t)given);
		count(output, (size_t)given);
		return pause_in_burst(output, (size_t)given);
	}
	if (given == 0)
		return ENDED;
	if (errno == EINTR)
		return MOVED;
	if (errno != EAGAIN) {
		tap_close(tap);
		return MOVED;
	}
	if (ioctl(output->source.fd, FIONREAD, &waiting) < 0 || waiting == 0)
		return EMPTY;
	wait_for(tap);
	return FULL;
}

/* Discards output that neither the log nor a client takes: rarely and much at a time, so that a
 * flood costs the supervisor less than its writer. Of a process that has ended the last of it
 * stays. */
static enum moved drain(struct output *output)
{
	bool ended = output->left >= 0;
	bool large = enlarge(output->source.fd);
	int waiting = 0;
	ssize_t got;

	if (ioctl(output->source.fd, FIONREAD, &waiting) < 0 || waiting == 0)
		waiting = STREAM_KEPT_MAX;
	got = discard_but_last(output, ended ? (size_t)output->left - CHUNK : (size_t)waiting);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return errno == EAGAIN ? EMPTY : MOVED;
	if (got <= 0)
		return ENDED;
	count(output, (size_t)got);
	/* No pause if the pipe could not be enlarged: it would hold up its writer. */
	return ended || !large ? MOVED : pause_until(output, monotonic_ns() + DISCARD_PAUSE);
}

/* Whether it is the rest of a process that has ended, which is logged whatever the rate is: all of
 * it, or the last of a flood that was not logged. */
static bool is_last(const struct output *output)
{
	return output->left >= 0 &&
	       (output->stream->blocks || !output->is_pipe || output->left <= (int64_t)CHUNK);
}

/* A copy for the log and for each client. With a client the log drops what is beyond its rate:
 * only clients hold up the writer then. */
static enum moved copy(struct output *output, bool attached)
{
	bool last = !attached && is_last(output);
	bool whole = !attached && (output->stream->blocks || last);
	bool kept = stream_admits(output->stream, whole) || last;
	ssize_t got;

	if (!kept && whole)
		return pause_until(output, (uint64_t)stream_admits_at(output->stream) * NS_PER_MS);
	if (!kept && !attached && output->is_pipe)
		return drain(output);
	got = read(output->source.fd, output->pending,
		   bound(output, whole && !last ? stream_share(output->stream, CHUNK) : CHUNK));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return errno == EAGAIN ? EMPTY : MOVED;
	if (got <= 0)
		return ENDED;
	count(output, (size_t)got);
	output->length = (size_t)got;
	if (kept)
		stream_append(output->stream, output->tag, output->pending, (size_t)got, whole);
	else
		stream_keep(output->stream, output->tag, output->pending, (size_t)got);
	return MOVED;
}

static enum moved move(const struct shim *shim, struct output *output)
{
	struct tap *only;

	if (output->length > 0 && deliver(shim, output) == FULL)
		return FULL;
	if (output->left == 0)
		return ENDED;
	only = next_tap(shim, output, NULL);
	if (only != NULL && output->is_pipe && next_tap(shim, output, only) == NULL)
		return pass_on(output, only);
	for (struct tap *tap = only; tap != NULL; tap = next_tap(shim, output, tap))
		tap->done = 0;
	return copy(output, only != NULL);
}

static void pump(struct shim *shim, struct output *output)
{
	enum moved moved = MOVED;

	output->source.events = 0;
	if (output->source.fd < 0 || output->awaited)
		return;
	if (output->pending == NULL)
		output->pending = malloc(CHUNK);
	for (int turn = 0; output->pending != NULL && moved == MOVED && turn < TURNS; turn++)
		moved = move(shim, output);
	/* Nobody writes any more, whoever may hold the other end. */
	if (moved == EMPTY && output->left >= 0)
		moved = ENDED;
	/* What was read in the last turn waits for nothing but the client. */
	if (moved == MOVED && output->length > 0 && deliver(shim, output) == FULL)
		moved = FULL;
	if (moved != PAUSED)
		output->resumes_at = 0;
	if (moved == ENDED)
		attach_close(shim, output);
	else if (moved != FULL && moved != PAUSED)
		output->source.events = POLLIN;
}

void attach_pump(struct shim *shim, struct output *output)
{
	pump(shim, output);
	if (output->stream == &shim->log)
		connections_pump_log(shim);
}

void attach_finish(struct shim *shim, struct output *output)
{
	int waiting = 0;

	if (output->source.fd < 0)
		return;
	/* A terminal tells its end itself; what it holds is little. */
	if (!output->is_pipe || ioctl(output->source.fd, FIONREAD, &waiting) < 0)
		waiting = TURNS * (int)CHUNK;
	output->left = waiting;
	output->moved_at = monotonic_ms();
	do
		attach_pump(shim, output);
	while (output->source.events == POLLIN);
}

void attach_close(struct shim *shim, struct output *output)
{
	close_fd(&output->source.fd);
	output->source.events = 0;
	output->resumes_at = 0;
	for (struct tap *tap = next_tap(shim, output, NULL); tap != NULL;
	     tap = next_tap(shim, output, NULL))
		tap_close(tap);
	free(output->pending);
	output->pending = NULL;
}

bool attach_busy(const struct shim *shim)
{
	bool busy = shim->out.source.fd >= 0 || shim->err.source.fd >= 0;

	for (const struct exec *at = shim->execs; at != NULL; at = at->next)
		busy |= !at->captured && !exec_finished(at);
	return busy;
}

static int terminal_of(struct shim *shim, const struct connection *connection)
{
	const int *fd = request_stdin(shim, connection->attached_id);

	return fd == NULL ? -1 : *fd;
}

/* Writes what was typed; while the terminal has no room, no more is read. */
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

struct source *attach_terminal(struct shim *shim, struct connection *connection)
{
	/* Looked up in every turn: it may have been closed, and its number be another's. */
	connection->terminal.fd = connection->terminal.events == 0 ? -1
								   : terminal_of(shim, connection);
	connection->terminal.ready = terminal_ready;
	return &connection->terminal;
}

int attach_grant(struct shim *shim, uint32_t id, const uint8_t ticket[TICKET_BYTES], bool owner)
{
	size_t count = 0;
	struct grant *grant;

	for (struct grant *at = shim->grants; at != NULL; at = at->next)
		count++;
	if (count >= GRANTS_MAX)
		return -EAGAIN;
	grant = calloc(1, sizeof(*grant));
	if (grant == NULL)
		return -ENOMEM;
	/* The client of a launch gets its ticket when the command runs: see attach_launched(). */
	*grant = (struct grant){ .next = shim->grants,
				 .id = id,
				 .owner = owner,
				 .expires = id == 0 && owner && !shim->started
						    ? INT64_MAX
						    : monotonic_ms() + GRANT_TIME };
	memcpy(grant->ticket, ticket, TICKET_BYTES);
	shim->grants = grant;
	return 0;
}

/* Takes the ticket out, used or not known. In a time that tells nothing of it. */
static struct grant *take_grant(struct shim *shim, const uint8_t *ticket)
{
	for (struct grant **link = &shim->grants; *link != NULL; link = &(*link)->next) {
		struct grant *grant = *link;
		uint8_t different = 0;

		for (size_t i = 0; i < TICKET_BYTES; i++)
			different |= (uint8_t)(grant->ticket[i] ^ ticket[i]);
		if (different == 0) {
			*link = grant->next;
			return grant;
		}
	}
	return NULL;
}

/* The outputs of the workload, or of an exec. False: there is no such exec any more. */
static bool outputs_of(struct shim *shim, uint32_t id, struct output *outputs[ATTACHED_OUTPUTS])
{
	struct exec *exec = id == 0 ? NULL : exec_find(shim, id);

	if (id != 0 && exec == NULL)
		return false;
	outputs[0] = exec == NULL ? &shim->out : &exec->out;
	outputs[1] = exec == NULL ? &shim->err : &exec->err;
	return true;
}

/* A pipe that a client reads: its end is returned, ours becomes the tap. */
static int open_tap(struct tap *tap, struct output *output)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)enlarge(ends[1]);
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
	tap->source = (struct source){ .fd = ends[1], .ready = tap_ready };
	if (output->source.fd < 0) {
		/* It has ended already. */
		close_fd(&tap->source.fd);
		return ends[0];
	}
	if (output->is_pipe)
		(void)enlarge(output->source.fd);
	tap->output = output;
	tap->done = output->length;
	return ends[0];
}

/* What a client writes to: the workload's own pipe, or one to us where it is a terminal. Returns
 * its end, or -1: there is no input. */
static int open_input(struct shim *shim, struct connection *connection, bool terminal)
{
	int *fd = request_stdin(shim, connection->attached_id);
	int ends[2];

	if (fd == NULL || *fd < 0)
		return -1;
	if (!terminal) {
		(void)enlarge(*fd);
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

/* The exit status, as wait(2) has it. */
static void send_ended(struct connection *connection, int status)
{
	uint8_t bytes[FRAME_HEADER + 4];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame = frame_begin(&writer, ANSWER_ENDED);

	write_u32(&writer, (uint32_t)status);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

void attach_ended(struct shim *shim, uint32_t id, int status)
{
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->attached && at->attached_id == id)
			send_ended(at, status);
	}
}

static int attach(struct shim *shim, struct connection *connection, const struct grant *grant)
{
	const struct exec *exec;
	struct output *outputs[ATTACHED_OUTPUTS];
	int fds[ATTACHED_OUTPUTS + 1];
	size_t count = 0;
	uint8_t flags = 0;
	int result = 0;

	if (!outputs_of(shim, grant->id, outputs))
		return -ESRCH;
	connection->attached = true;
	connection->attached_id = grant->id;
	connection->owner = grant->owner;
	for (size_t i = 0; i < ATTACHED_OUTPUTS && result == 0; i++) {
		int fd;

		if (i > 0 && !outputs[0]->is_pipe)
			break;
		fd = open_tap(&connection->taps[i], outputs[i]);
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
		attach_pump(shim, outputs[i]);
	}
	exec = grant->id == 0 ? NULL : exec_find(shim, grant->id);
	if (result == 0 && grant->id == 0 && shim->exited)
		send_ended(connection, shim->exit_status);
	if (result == 0 && exec != NULL && exec->exited)
		send_ended(connection, exec->exit_status);
	return result;
}

static void end_owned(struct shim *shim, uint32_t id)
{
	struct exec *exec = id == 0 ? NULL : exec_find(shim, id);

	if (id != 0) {
		if (exec != NULL && exec->copies && !exec->exited) {
			/* It removes what it has written in part. */
			(void)exec_signal(shim, exec, SIGTERM);
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

/* Nobody comes for what was announced: its output goes to the log alone, and what it was to own
 * ends. */
static void abandon(struct shim *shim, const struct grant *grant)
{
	struct output *outputs[ATTACHED_OUTPUTS];

	if (!grant->owner || !outputs_of(shim, grant->id, outputs))
		return;
	for (size_t i = 0; i < ATTACHED_OUTPUTS; i++) {
		outputs[i]->awaited = false;
		attach_pump(shim, outputs[i]);
	}
	end_owned(shim, grant->id);
}

void attach_serve(struct shim *shim, struct connection *connection, struct reader *reader)
{
	struct grant *grant = NULL;
	int result = -EACCES;

	if (reader->end - reader->at == TICKET_BYTES && !connection->attached)
		grant = take_grant(shim, reader->at);
	/* The session of an exec was counted when that was started. */
	if (grant != NULL &&
	    connection_admit(shim, connection, grant->id == 0 ? USE_SESSION : USE_CLIENT))
		result = attach(shim, connection, grant);
	else if (grant != NULL)
		result = -EAGAIN;
	if (grant != NULL && result < 0)
		abandon(shim, grant);
	free(grant);
	if (result < 0 && result != -EAGAIN)
		send_error(connection, -result, "attach: the ticket is not, or no longer, good");
	if (result < 0)
		connection->closing = true;
}

void attach_left(struct shim *shim, struct connection *connection)
{
	if (!connection->attached)
		return;
	for (size_t i = 0; i < ATTACHED_OUTPUTS; i++) {
		struct output *output = connection->taps[i].output;

		tap_close(&connection->taps[i]);
		/* Others may have waited for this one. */
		if (output != NULL)
			attach_pump(shim, output);
	}
	close_fd(&connection->keys.fd);
	connection->attached = false;
	if (connection->owner)
		end_owned(shim, connection->attached_id);
}

void attach_launched(struct shim *shim)
{
	for (struct grant *at = shim->grants; at != NULL; at = at->next) {
		if (at->expires == INT64_MAX)
			at->expires = monotonic_ms() + GRANT_TIME;
	}
}

void attach_withdraw(struct shim *shim, uint32_t id)
{
	for (struct grant *at = shim->grants; at != NULL; at = at->next) {
		if (at->id == id && at->owner)
			at->expires = 0;
	}
}

static bool is_read_by_owner(const struct shim *shim, const struct output *output)
{
	for (const struct connection *at = shim->connections; at != NULL; at = at->next) {
		for (size_t i = 0; i < ATTACHED_OUTPUTS; i++) {
			if (at->attached && at->owner && at->taps[i].output == output)
				return true;
		}
	}
	return false;
}

/* The time when the rest of an output is given up, since its clients don't read; or 0. */
static int64_t given_up_at(const struct shim *shim, const struct output *output)
{
	return output->source.fd >= 0 && output->left >= 0 && !is_read_by_owner(shim, output)
		       ? output->moved_at + PATIENCE
		       : 0;
}

static void resume(struct shim *shim, struct output *output, int64_t now)
{
	int64_t given_up = given_up_at(shim, output);

	if (given_up != 0 && given_up <= now)
		attach_close(shim, output);
	if (output->resumes_at != 0 && output->resumes_at <= monotonic_ns())
		attach_pump(shim, output);
}

void attach_expire(struct shim *shim, int64_t now)
{
	resume(shim, &shim->out, now);
	resume(shim, &shim->err, now);
	for (struct exec *at = shim->execs; at != NULL; at = at->next) {
		resume(shim, &at->out, now);
		resume(shim, &at->err, now);
	}
	for (struct grant **link = &shim->grants; *link != NULL;) {
		struct grant *grant = *link;

		if (now < grant->expires) {
			link = &grant->next;
			continue;
		}
		*link = grant->next;
		abandon(shim, grant);
		free(grant);
	}
}

static void sooner(int64_t *earliest, int64_t at)
{
	if (at != 0 && (*earliest == 0 || at < *earliest))
		*earliest = at;
}

int64_t attach_deadline(const struct shim *shim)
{
	int64_t earliest = 0;

	for (const struct grant *at = shim->grants; at != NULL; at = at->next) {
		/* 0 would mean none. */
		if (earliest == 0 || at->expires < earliest)
			earliest = at->expires > 0 ? at->expires : 1;
	}
	sooner(&earliest, given_up_at(shim, &shim->out));
	sooner(&earliest, given_up_at(shim, &shim->err));
	for (const struct exec *at = shim->execs; at != NULL; at = at->next) {
		sooner(&earliest, given_up_at(shim, &at->out));
		sooner(&earliest, given_up_at(shim, &at->err));
	}
	return earliest;
}

static void resumes_sooner(uint64_t *earliest, const struct output *output)
{
	if (output->resumes_at != 0 && (*earliest == 0 || output->resumes_at < *earliest))
		*earliest = output->resumes_at;
}

uint64_t attach_resumes_at(const struct shim *shim)
{
	uint64_t earliest = 0;

	resumes_sooner(&earliest, &shim->out);
	resumes_sooner(&earliest, &shim->err);
	for (const struct exec *at = shim->execs; at != NULL; at = at->next) {
		resumes_sooner(&earliest, &at->out);
		resumes_sooner(&earliest, &at->err);
	}
	return earliest;
}
