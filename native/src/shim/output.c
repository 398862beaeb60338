#include "shim/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/wire.h"
#include "shim/connection.h"
#include "shim/loop.h"

/* ms without progress after which the remaining output of an exited process is dropped. The client
 * that owns the process has no limit. */
#define UNREAD_TIMEOUT_MS 600000
/* Size of attached pipes: larger ones mean fewer wakeups. */
#define PIPE_BYTES (1 << 20)
/* Moves of one output per turn of the loop, so that a flood starves no other source. */
#define TURNS 16
#define CHUNK 65536UL
/* ns between two reads of unlogged output. A pipe of PIPE_BYTES blocks no writer below 500 MB/s. */
#define DISCARD_PAUSE 2000000U
/* After BURST bytes within BURST_TIME ns, an output is read only every BURST_PAUSE ns: it then
 * moves in few large pieces, instead of waking the supervisor and the client for each write(2). A
 * pipe of PIPE_BYTES blocks no writer below 5 GB/s. */
#define BURST 262144U
#define BURST_TIME 1000000U
#define BURST_PAUSE 200000U

enum moved {
	MOVED,
	EMPTY,  /* nothing to read for now */
	FULL,   /* a client has to read first */
	PAUSED, /* there may be more; reading resumes at output->resumes_at */
	ENDED,
};

void output_open(struct output *output, int fd, enum stream_tag tag, struct stream *stream)
{
	struct stat status;

	output->source.fd = fd;
	output->source.events = POLLIN;
	output->tag = tag;
	output->stream = stream;
	output->is_pipe = fd >= 0 && fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
	output->left = -1;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void tap_ready(struct shim *shim, struct source *source, short revents)
{
	struct tap *tap = (struct tap *)(void *)((uint8_t *)source - offsetof(struct tap, source));

	(void)revents;
	source->events = 0;
	if (tap->output != NULL)
		output_pump(shim, tap->output);
}

void output_close_tap(struct tap *tap)
{
	close_fd(&tap->source.fd);
	tap->source.events = 0;
	tap->output = NULL;
}

/* The output's next tap after `tap`; after NULL, the first. */
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

/* Writes the pending data to every client. */
static enum moved deliver(const struct shim *shim, struct output *output)
{
	bool full = false;

	for (struct tap *tap = next_tap(shim, output, NULL); tap != NULL;
	     tap = next_tap(shim, output, tap)) {
		size_t left = output->length - tap->done;
		ssize_t written =
			left == 0 ? 0 : write(tap->source.fd, output->pending + tap->done, left);

		if (written < 0 && errno != EAGAIN && errno != EINTR) {
			output_close_tap(tap);
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

/* Discards unlogged output of a pipe without a copy: the shim's standard output is /dev/null. */
static ssize_t discard(struct output *output, size_t length)
{
	ssize_t got = splice(output->source.fd, NULL, STDOUT_FILENO, NULL, length,
			     SPLICE_F_NONBLOCK);

	if (got > 0)
		stream_skip(output->stream, output->tag, (size_t)got);
	return got;
}

/* The same, but keeps the last bytes for the log. */
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

/* Consumes data already passed to a client, and logs it as far as the rate allows. */
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

/* How much may be moved: no more than up to the end, if that is known. */
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

/* Returns whether the pipe has PIPE_BYTES now. It stays smaller if the user's limit is exhausted
 * (pipe(7), pipe-user-pages-soft). */
bool pipe_enlarge(int fd)
{
	return fcntl(fd, F_GETPIPE_SZ) >= PIPE_BYTES ||
	       fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES) >= PIPE_BYTES;
}

/* Pauses, if needed, after `moved` bytes to a client. */
static enum moved pause_in_burst(struct output *output, size_t moved)
{
	uint64_t now = monotonic_ns();

	if (now - output->burst_at > BURST_TIME) {
		output->burst_at = now;
		output->burst = 0;
	}
	output->burst += moved;
	/* The remaining output of an exited process does not grow. */
	if (output->burst < BURST || output->left >= 0 || !pipe_enlarge(output->source.fd))
		return MOVED;
	return pause_until(output, now + BURST_PAUSE);
}

/* Passes output to the only client without copying its pages (tee(2)). */
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
		output_close_tap(tap);
		return MOVED;
	}
	if (ioctl(output->source.fd, FIONREAD, &waiting) < 0 || waiting == 0)
		return EMPTY;
	wait_for(tap);
	return FULL;
}

/* Discards output that neither the log nor a client takes, rarely and in large pieces, so that a
 * flood costs the supervisor less than its writer. The last output of an exited process is left in
 * place. */
static enum moved drain(struct output *output)
{
	bool ended = output->left >= 0;
	bool large = pipe_enlarge(output->source.fd);
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
	/* No pause if the pipe could not be enlarged: it would block the writer. */
	return ended || !large ? MOVED : pause_until(output, monotonic_ns() + DISCARD_PAUSE);
}

/* Whether this is the remaining output of an exited process, which is logged regardless of the
 * rate: all of it, or the end of a flood that was not logged. */
static bool is_last(const struct output *output)
{
	return output->left >= 0 &&
	       (output->stream->blocks || !output->is_pipe || output->left <= (int64_t)CHUNK);
}

/* Copies output for the log and for each client. With a client attached, the log drops what exceeds
 * its rate: only clients block the writer then. */
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
	/* The process has exited: other holders of the write end don't count. */
	if (moved == EMPTY && output->left >= 0)
		moved = ENDED;
	/* Deliver the data that the last turn read: only the clients could delay it. */
	if (moved == MOVED && output->length > 0 && deliver(shim, output) == FULL)
		moved = FULL;
	if (moved != PAUSED)
		output->resumes_at = 0;
	if (moved == ENDED)
		output_close(shim, output);
	else if (moved != FULL && moved != PAUSED)
		output->source.events = POLLIN;
}

void output_pump(struct shim *shim, struct output *output)
{
	pump(shim, output);
	if (output->stream == &shim->log)
		connections_pump_log(shim);
}

void output_finish(struct shim *shim, struct output *output)
{
	int waiting = 0;

	if (output->source.fd < 0)
		return;
	/* A terminal signals its own end, and buffers little. */
	if (!output->is_pipe || ioctl(output->source.fd, FIONREAD, &waiting) < 0)
		waiting = TURNS * (int)CHUNK;
	output->left = waiting;
	output->moved_at = monotonic_ms();
	do
		output_pump(shim, output);
	while (output->source.events == POLLIN);
}

void output_close(struct shim *shim, struct output *output)
{
	close_fd(&output->source.fd);
	output->source.events = 0;
	output->resumes_at = 0;
	for (struct tap *tap = next_tap(shim, output, NULL); tap != NULL;
	     tap = next_tap(shim, output, NULL))
		output_close_tap(tap);
	free(output->pending);
	output->pending = NULL;
}

int output_open_tap(struct tap *tap, struct output *output)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)pipe_enlarge(ends[1]);
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
	tap->source = (struct source){ .fd = ends[1], .ready = tap_ready };
	if (output->source.fd < 0) {
		/* The output has already ended. */
		close_fd(&tap->source.fd);
		return ends[0];
	}
	if (output->is_pipe)
		(void)pipe_enlarge(output->source.fd);
	tap->output = output;
	tap->done = output->length;
	return ends[0];
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

/* When the unread rest is dropped, in ms, or 0. */
static int64_t unread_until(const struct shim *shim, const struct output *output)
{
	return output->source.fd >= 0 && output->left >= 0 && !is_read_by_owner(shim, output)
		       ? output->moved_at + UNREAD_TIMEOUT_MS
		       : 0;
}

uint64_t output_due_at(const struct shim *shim, const struct output *output)
{
	return earlier_of(output->resumes_at, due_at_ms(unread_until(shim, output)));
}

void output_resume(struct shim *shim, struct output *output, int64_t now)
{
	int64_t deadline = unread_until(shim, output);

	if (deadline != 0 && deadline <= now)
		output_close(shim, output);
	if (output->resumes_at != 0 && output->resumes_at <= monotonic_ns())
		output_pump(shim, output);
}

static void watch(struct shim *shim, struct poll_set *set)
{
	poll_set_add(set, &shim->out.source);
	poll_set_add(set, &shim->err.source);
}

static uint64_t due_at(const struct shim *shim)
{
	uint64_t outputs = earlier_of(output_due_at(shim, &shim->out),
				      output_due_at(shim, &shim->err));

	return earlier_of(outputs, due_at_ms(stream_gap_due_at(&shim->log)));
}

/* Reports skipped output in the log even if no output follows it. */
static void report_gap(struct shim *shim, int64_t now)
{
	int64_t due = stream_gap_due_at(&shim->log);

	if (due == 0 || now < due || !stream_admits(&shim->log, false))
		return;
	stream_report_gap(&shim->log, false);
	connections_pump_log(shim);
}

static void expire(struct shim *shim, int64_t now)
{
	output_resume(shim, &shim->out, now);
	output_resume(shim, &shim->err, now);
	report_gap(shim, now);
}

void outputs_init(struct shim *shim)
{
	static struct loop_member member = { .watch = watch, .due_at = due_at, .expire = expire };

	loop_join(shim, &member);
}
