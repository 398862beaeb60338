#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shim_messages.h"
#include "connect.h"
#include "frame.h"
#include "terminal.h"

#define AT_ONCE (1UL << 20)
/* How long a supervisor may take to answer, in ms. */
#define ANSWER_MS 250

/* The keys that detach, as in Docker: Ctrl-P Ctrl-Q. */
#define PREFIX_KEY 0x10
#define DETACH_KEY 0x11
/* Sizes of the caller's pipes: a larger one means fewer wakeups. An output pipe is enlarged only
 * after it has been full once, and to less, so that its reader copies the bytes while they are in
 * the processor's cache. */
#define INPUT_PIPE_BYTES (1 << 20)
#define OUTPUT_PIPE_BYTES (1 << 19)
/* Bytes that a pipe takes without blocking once poll(2) reports POLLOUT. */
#define ATOMIC_BYTES 4096U

/* Chooses how an output is written. splice(2) blocks on anything but a pipe while it holds the lock
 * of the source pipe, for which the supervisor would wait. Regular files and /dev/null, which no
 * reader can block, take more at once. */
static void choose_transfer(struct way *way, int fd)
{
	struct stat status;
	bool known = fstat(fd, &status) == 0;

	way->copies = !known || !S_ISFIFO(status.st_mode);
	way->most = known && (S_ISREG(status.st_mode) ||
			      (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)))
			    ? COPY_MAX
			    : ATOMIC_BYTES;
}

void streams_init(struct streams *streams)
{
	streams->socket = -1;
	streams->in.from = streams->in.to = -1;
	streams->out.from = streams->err.from = -1;
	streams->out.to = terminal_reopen(STDOUT_FILENO);
	streams->err.to = terminal_reopen(STDERR_FILENO);
	streams->in.most = ATOMIC_BYTES;
	choose_transfer(&streams->out, STDOUT_FILENO);
	choose_transfer(&streams->err, STDERR_FILENO);
}

/* Receives the rest of an error: u32 errno, then its text with its length and its NUL. */
static void receive_refusal(struct streams *streams, int socket, const uint8_t *begin)
{
	size_t length = frame_u32(begin);
	uint8_t bytes[sizeof(streams->refusal) + 8];
	size_t have = 5; /* bytes of the payload that came with the header */

	if (length < 8 || length > sizeof(bytes))
		return;
	memcpy(bytes, begin + FRAME_HEADER, have);
	while (have < length) {
		ssize_t got = recv(socket, bytes + have, length - have, 0);

		if (got <= 0)
			return;
		have += (size_t)got;
	}
	(void)snprintf(streams->refusal, sizeof(streams->refusal), "%.*s", (int)(length - 8),
		       (const char *)bytes + 8);
}

static int receive_ends(struct streams *streams, int socket, uint8_t *answer, size_t size,
			int fds[3])
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} rights;
	struct iovec data = { .iov_base = answer, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &rights,
		.msg_controllen = sizeof(rights),
	};
	const struct cmsghdr *head;
	size_t count;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != (ssize_t)size ||
	    answer[4] != ANSWER_ATTACHED) {
		if (answer[4] == ANSWER_ERROR)
			receive_refusal(streams, socket, answer);
		errno = EACCES;
		return -1;
	}
	head = CMSG_FIRSTHDR(&message);
	if (head == NULL || head->cmsg_type != SCM_RIGHTS) {
		errno = EBADMSG;
		return -1;
	}
	count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(head), count * sizeof(int));
	return (int)count;
}

/* Never shrinks the pipe, which is the caller's. */
static void enlarge(int fd, int wanted)
{
	int size = fcntl(fd, F_GETPIPE_SZ);

	if (size > 0 && size < wanted)
		(void)fcntl(fd, F_SETPIPE_SZ, wanted);
}

int streams_attach(struct streams *streams, const char *path, const uint8_t *ticket,
		   size_t ticket_length, bool wants_input, const struct waiter *waiter)
{
	uint8_t answer[FRAME_HEADER + 5] = { 0 };
	int fds[3] = { -1, -1, -1 };
	int used = 0;
	int count = -1;
	/* Not stored in the streams yet: signals are not for a process that the client is not
	 * attached to. */
	int socket = connect_waiting(path, waiter);

	if (socket >= 0 && frame_send(socket, REQUEST_ATTACH, ticket, ticket_length) == 0 &&
	    waiter->readable(waiter->context, socket, -1))
		count = receive_ends(streams, socket, answer, sizeof(answer), fds);
	if (count < 0) {
		if (socket >= 0)
			(void)close(socket);
		return -1;
	}
	streams->socket = socket;
	streams->id = frame_u32(answer + FRAME_HEADER + 1);
	streams->out.from = fds[used++];
	if ((answer[FRAME_HEADER] & ATTACHED_ERR) != 0)
		streams->err.from = fds[used++];
	if ((answer[FRAME_HEADER] & ATTACHED_INPUT) != 0) {
		streams->in.to = fds[used++];
		streams->in.owns_to = true;
		if (wants_input) {
			streams->in.from = STDIN_FILENO;
			enlarge(STDIN_FILENO, INPUT_PIPE_BYTES);
		} else {
			(void)close(streams->in.to);
			streams->in.to = -1;
		}
	}
	return used <= count ? 0 : -1;
}

static void way_poll(const struct way *way, struct pollfd *from, struct pollfd *to)
{
	bool held = way->full || way->start < way->end;

	*from = (struct pollfd){ .fd = held ? -1 : way->from, .events = POLLIN };
	*to = (struct pollfd){ .fd = held && way->from >= 0 ? way->to : -1, .events = POLLOUT };
}

void streams_poll(const struct streams *streams, struct pollfd *polled)
{
	way_poll(&streams->in, &polled[0], &polled[1]);
	way_poll(&streams->out, &polled[2], &polled[3]);
	way_poll(&streams->err, &polled[4], &polled[5]);
	polled[6] = (struct pollfd){ .fd = streams->socket, .events = POLLIN };
}

/* The source has been read to its end. */
static void source_end(struct way *way)
{
	if (way->from > STDERR_FILENO)
		(void)close(way->from);
	way->from = -1;
}

static void way_end(struct way *way)
{
	source_end(way);
	if (way->owns_to && way->to >= 0)
		(void)close(way->to);
	if (way->owns_to)
		way->to = -1;
}

/* Reads into the buffer; what can be written without blocking is at most a page at a time
 * (pipe(7)). */
static bool copy(struct way *way)
{
	ssize_t got;

	if (way->start < way->end)
		return true;
	got = read(way->from, way->bytes, way->most);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got <= 0) {
		source_end(way);
		return true;
	}
	way->start = 0;
	way->end = (size_t)got;
	return true;
}

static bool flush(struct way *way)
{
	ssize_t written = write(way->to, way->bytes + way->start, way->end - way->start);

	way->full = false;
	if (written < 0)
		return errno == EAGAIN || errno == EINTR;
	way->start += (size_t)written;
	return true;
}

static bool move(struct way *way)
{
	ssize_t moved;

	way->full = false;
	if (way->copies)
		return copy(way);
	moved = splice(way->from, NULL, way->to, NULL, AT_ONCE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (moved > 0)
		return true;
	if (moved == 0) {
		source_end(way);
		return true;
	}
	if (errno == EINVAL) {
		way->copies = true;
		return copy(way);
	}
	if (errno == EAGAIN) {
		struct pollfd readable = { .fd = way->from, .events = POLLIN };

		/* Either end may block: if there is something to read, it is the reader. */
		way->full = poll(&readable, 1, 0) == 1;
		if (way->full && !way->owns_to && !way->enlarged) {
			way->enlarged = true;
			enlarge(way->to, OUTPUT_PIPE_BYTES);
			way->full = false;
		}
		return true;
	}
	return errno == EINTR;
}

/* Removes the keys that detach from what was typed: the first is withheld until the next arrives.
 */
static void look_for_detach(struct streams *streams)
{
	struct way *in = &streams->in;
	uint8_t typed[COPY_MAX];
	size_t count = in->end - in->start;
	size_t at = 0;

	memcpy(typed, in->bytes + in->start, count);
	for (size_t i = 0; i < count && !streams->leaving; i++) {
		if (streams->has_prefix && typed[i] == DETACH_KEY) {
			streams->leaving = true;
			continue;
		}
		if (streams->has_prefix)
			in->bytes[at++] = PREFIX_KEY;
		streams->has_prefix = typed[i] == PREFIX_KEY;
		if (!streams->has_prefix)
			in->bytes[at++] = typed[i];
	}
	in->start = 0;
	in->end = at;
}

/* Writes a withheld key that no other follows. */
static void flush_prefix_key(struct streams *streams)
{
	struct way *in = &streams->in;

	if (streams->has_prefix) {
		in->bytes[0] = PREFIX_KEY;
		in->start = 0;
		in->end = 1;
		(void)flush(in);
	}
	streams->has_prefix = false;
}

static void input_end(struct streams *streams)
{
	uint8_t id[4];

	/* Others may hold the input open as well, so that closing it does not show its end. */
	frame_put_u32(id, streams->id);
	if (streams->socket >= 0 && streams->in.from >= 0)
		(void)frame_send(streams->socket, REQUEST_STDIN_END, id, sizeof(id));
	way_end(&streams->in);
}

static void input(struct streams *streams, const struct pollfd *from, const struct pollfd *to)
{
	struct way *in = &streams->in;
	bool good = true;

	if (in->from < 0)
		return;
	if (streams->can_be_left)
		in->copies = true;
	if (in->start == in->end && (from->revents != 0 || to->revents != 0)) {
		int before = in->from;

		good = move(in);
		if (in->from < 0) {
			in->from = before;
			flush_prefix_key(streams);
			input_end(streams);
			return;
		}
		if (streams->can_be_left)
			look_for_detach(streams);
	}
	if (good && in->start < in->end)
		good = flush(in);
	if (!good) {
		/* The process no longer reads its input. */
		way_end(in);
		return;
	}
	streams->left = streams->leaving && in->start == in->end;
}

static void output(struct streams *streams, struct way *way, const char *name,
		   const struct pollfd *from, const struct pollfd *to)
{
	bool good = true;

	if (way->from < 0)
		return;
	if (to->revents != 0 && way->start < way->end)
		good = flush(way);
	else if (from->revents != 0 || to->revents != 0)
		good = move(way);
	if (!good) {
		streams->failed = errno;
		streams->failed_name = name;
		way_end(way);
	}
}

bool streams_interrupts(uint32_t number)
{
	return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

static void send_size(struct streams *streams)
{
	uint8_t payload[8];

	if (streams->unanswered == REQUESTS_MAX)
		return;
	streams->resizing = true;
	streams->size_pending = false;
	streams->sent[streams->unanswered++] = (struct sent_request){ .signal = 0 };
	frame_put_u32(payload, streams->id);
	memcpy(payload + 4, streams->size, sizeof(streams->size));
	(void)frame_send(streams->socket, REQUEST_RESIZE, payload, sizeof(payload));
}

static void take_answer(struct streams *streams, uint8_t type, const uint8_t *payload,
			size_t length)
{
	if (type == ANSWER_ENDED && length >= 4) {
		streams->ended = true;
		streams->ended_at = monotonic_ms();
		streams->status = (int)frame_u32(payload);
		return;
	}
	if (streams->unanswered == 0)
		return;
	if (type == ANSWER_ERROR && !streams->ended && streams->undelivered == 0 &&
	    streams_interrupts(streams->sent[0].signal))
		streams->undelivered = streams->sent[0].signal;
	if (streams->sent[0].signal == 0)
		streams->resizing = false;
	streams->unanswered--;
	memmove(streams->sent, streams->sent + 1, streams->unanswered * sizeof(streams->sent[0]));
	if (streams->size_pending && !streams->resizing)
		send_size(streams);
}

void streams_receive(struct streams *streams)
{
	ssize_t got = recv(streams->socket, streams->answer + streams->answer_length,
			   sizeof(streams->answer) - streams->answer_length, MSG_DONTWAIT);
	size_t used = 0;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		streams->answer_length += (size_t)got;
	while (streams->answer_length - used >= FRAME_HEADER) {
		const uint8_t *frame = streams->answer + used;
		size_t length = frame_u32(frame);

		/* Longer than any answer to a client. */
		if (length > sizeof(streams->answer) - FRAME_HEADER)
			got = 0;
		if (length > streams->answer_length - used - FRAME_HEADER)
			break;
		take_answer(streams, frame[4], frame + FRAME_HEADER, length);
		used += FRAME_HEADER + length;
	}
	streams->answer_length -= used;
	memmove(streams->answer, streams->answer + used, streams->answer_length);
	if (got <= 0) {
		(void)close(streams->socket);
		streams->socket = -1;
	}
}

void streams_move(struct streams *streams, const struct pollfd *polled)
{
	input(streams, &polled[0], &polled[1]);
	output(streams, &streams->out, "standard output", &polled[2], &polled[3]);
	output(streams, &streams->err, "standard error", &polled[4], &polled[5]);
	if (polled[6].revents != 0 && streams->socket >= 0)
		streams_receive(streams);
}

bool streams_ended(const struct streams *streams)
{
	return streams->out.from < 0 && streams->err.from < 0;
}

/* Several signals at once are one request to end: timeout(1) and service managers send two or
 * three. */
static bool is_held_up(const struct streams *streams)
{
	for (size_t i = 0; i < streams->unanswered; i++) {
		if (streams_interrupts(streams->sent[i].signal))
			return monotonic_ms() - streams->sent[i].at > ANSWER_MS;
	}
	return false;
}

bool streams_signal(struct streams *streams, uint32_t number, bool group)
{
	uint8_t payload[9];

	if (streams->socket < 0 || (streams_interrupts(number) && is_held_up(streams)))
		return false;
	/* The last slot is reserved for a terminal size. Other signals are dropped. */
	if (streams->unanswered >= REQUESTS_MAX - 1)
		return !streams_interrupts(number);
	streams->sent[streams->unanswered++] = (struct sent_request){ .signal = number,
								      .at = monotonic_ms() };
	frame_put_u32(payload, number);
	frame_put_u32(payload + 4, streams->id);
	payload[8] = 1;
	/* Only where it matters: shims of an earlier version don't know the last byte. */
	return frame_send(streams->socket, REQUEST_SIGNAL, payload,
			  group ? sizeof(payload) : sizeof(payload) - 1) == 0;
}

void streams_resize(struct streams *streams, const uint8_t *rows_and_columns)
{
	if (streams->socket < 0)
		return;
	memcpy(streams->size, rows_and_columns, sizeof(streams->size));
	streams->size_pending = true;
	if (!streams->resizing)
		send_size(streams);
}

void streams_close(struct streams *streams)
{
	way_end(&streams->in);
	if (streams->socket >= 0)
		(void)close(streams->socket);
	streams->socket = -1;
}
