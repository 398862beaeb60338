#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connect.h"
#include "frame.h"

#define AT_ONCE (1UL << 20)

/* Of the supervisor's protocol (native/src/wire.h). */
enum { REQUEST_SIGNAL = 0x03, REQUEST_RESIZE = 0x0c, REQUEST_ATTACH = 0x10 };
enum { ANSWER_ATTACHED = 0x91 };
enum { HAS_ERR = 1, HAS_INPUT = 2 };

static const uint8_t leave_keys[] = { 0x10, 0x11 };

void streams_init(struct streams *streams)
{
	streams->socket = -1;
	streams->in.from = streams->in.to = -1;
	streams->out.from = streams->err.from = -1;
	streams->out.to = STDOUT_FILENO;
	streams->err.to = STDERR_FILENO;
}

static int receive_ends(int socket, uint8_t *answer, size_t size, int fds[3])
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

int streams_attach(struct streams *streams, const char *path, const uint8_t *ticket,
		   size_t ticket_length, bool wants_input)
{
	uint8_t answer[FRAME_HEADER + 5];
	int fds[3] = { -1, -1, -1 };
	int used = 0;
	int count;

	streams->socket = connect_to(path);
	if (streams->socket < 0)
		return -1;
	if (frame_send(streams->socket, REQUEST_ATTACH, ticket, ticket_length) < 0)
		return -1;
	count = receive_ends(streams->socket, answer, sizeof(answer), fds);
	if (count < 0)
		return -1;
	streams->id = frame_u32(answer + FRAME_HEADER + 1);
	streams->out.from = fds[used++];
	if ((answer[FRAME_HEADER] & HAS_ERR) != 0)
		streams->err.from = fds[used++];
	if ((answer[FRAME_HEADER] & HAS_INPUT) != 0) {
		streams->in.to = fds[used++];
		streams->in.owns_to = true;
		if (wants_input) {
			streams->in.from = STDIN_FILENO;
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

static void way_end(struct way *way)
{
	if (way->from > STDERR_FILENO)
		(void)close(way->from);
	if (way->owns_to && way->to >= 0)
		(void)close(way->to);
	way->from = -1;
	if (way->owns_to)
		way->to = -1;
}

/* By a buffer; what can be written without waiting is at most a page at a time (pipe(7)). False: a
 * write failed, with errno. */
static bool copy(struct way *way)
{
	if (way->start == way->end) {
		ssize_t got = read(way->from, way->bytes, sizeof(way->bytes));

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (got <= 0) {
			way_end(way);
			return true;
		}
		way->start = 0;
		way->end = (size_t)got;
	}
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
		way_end(way);
		return true;
	}
	if (errno == EINVAL) {
		way->copies = true;
		return copy(way);
	}
	if (errno == EAGAIN) {
		struct pollfd readable = { .fd = way->from, .events = POLLIN };

		/* One of both: if there is something, it is the reader who is waited for. */
		way->full = poll(&readable, 1, 0) == 1;
		return true;
	}
	return errno == EINTR;
}

/* Whether the keys that leave were typed. */
static bool leaves(struct streams *streams)
{
	const struct way *in = &streams->in;

	for (size_t i = in->start; i < in->end; i++) {
		uint8_t key = in->bytes[i];

		streams->matched = key == leave_keys[streams->matched] ? streams->matched + 1
				   : key == leave_keys[0]              ? 1
								       : 0;
		if (streams->matched == sizeof(leave_keys))
			return true;
	}
	return false;
}

static void input(struct streams *streams, const struct pollfd *from, const struct pollfd *to)
{
	struct way *in = &streams->in;

	if (in->from < 0)
		return;
	if (streams->can_be_left)
		in->copies = true;
	if (to->revents != 0 && in->start < in->end) {
		if (!flush(in))
			way_end(in);
		return;
	}
	if (from->revents == 0 && to->revents == 0)
		return;
	if (!move(in)) {
		/* It doesn't read any more. */
		way_end(in);
		return;
	}
	if (streams->can_be_left && leaves(streams)) {
		streams->left = true;
		return;
	}
	if (in->from >= 0 && in->start < in->end && !flush(in))
		way_end(in);
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

/* Answers to signals and sizes: nothing follows from them; its end: the supervisor has left. */
static void drain(struct streams *streams)
{
	uint8_t bytes[256];
	ssize_t got = recv(streams->socket, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
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
		drain(streams);
}

bool streams_ended(const struct streams *streams)
{
	return streams->out.from < 0 && streams->err.from < 0;
}

bool streams_signal(const struct streams *streams, uint32_t number)
{
	uint8_t payload[8];

	if (streams->socket < 0)
		return false;
	frame_put_u32(payload, number);
	frame_put_u32(payload + 4, streams->id);
	return frame_send(streams->socket, REQUEST_SIGNAL, payload, sizeof(payload)) == 0;
}

void streams_resize(const struct streams *streams, const uint8_t *rows_and_columns)
{
	uint8_t payload[8];

	if (streams->socket < 0)
		return;
	frame_put_u32(payload, streams->id);
	memcpy(payload + 4, rows_and_columns, 4);
	(void)frame_send(streams->socket, REQUEST_RESIZE, payload, sizeof(payload));
}

void streams_close(struct streams *streams)
{
	way_end(&streams->in);
	if (streams->socket >= 0)
		(void)close(streams->socket);
	streams->socket = -1;
}
