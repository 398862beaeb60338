/* nucleus: the thin client. Sends its arguments to the manager, copies the streams, and exits with
 * the code that it receives. All commands are implemented in the manager. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/syscalls.h"
#include "connect.h"
#include "copy.h"
#include "frame.h"
#include "manager_messages.h"
#include "reference.h"
#include "signals.h"
#include "streams.h"
#include "terminal.h"

#define CHUNK 65536U
#define ATOMIC_BYTES 4096U
#define SHORT_SLICE 100000        /* ns, the minimum */
#define DESCRIPTOR_MAX (8U << 20) /* bytes sent of a descriptor: more than execve(2) takes */
#define NO_MANAGER 125
#define BLOCKED_MS 1000
/* A command that exits within this time after a signal that it handles counts as ended by the
 * signal. */
#define SHUTDOWN_MS 30000
#define TICKET_BYTES 16U

struct session {
	int socket;
	int signals;
	bool has_terminal;
	uint32_t signal;          /* the last interrupting signal */
	int64_t signalled;        /* when it arrived: ms of CLOCK_MONOTONIC */
	bool signalled_after_end; /* the process had exited by then */
	bool has_workspace;       /* a workspace that the manager copies back */
	bool has_exit_code;       /* received from the manager */
	bool giving_up;           /* the reason is being reported */
	bool finished;
	int code;
	struct streams streams;
	struct copy copy;
	size_t length;
	uint8_t buffer[CHUNK + FRAME_HEADER];
};

/* Sends the command: the working directory, then the arguments, each terminated by NUL. */
static int send_command(int fd, int count, char *const arguments[])
{
	char directory[PATH_MAX];
	size_t length;
	size_t at;
	char *payload;
	int result;

	if (getcwd(directory, sizeof(directory)) == NULL)
		memcpy(directory, "/", 2);
	length = strlen(directory) + 1;
	for (int i = 0; i < count; i++)
		length += strlen(arguments[i]) + 1;
	payload = malloc(length);
	if (payload == NULL)
		return -1;
	at = strlen(directory) + 1;
	memcpy(payload, directory, at);
	for (int i = 0; i < count; i++) {
		size_t size = strlen(arguments[i]) + 1;

		memcpy(payload + at, arguments[i], size);
		at += size;
	}
	result = frame_send(fd, MESSAGE_COMMAND, payload, length);
	free(payload);
	return result;
}

static void send_terminal(struct session *session)
{
	uint8_t payload[128];
	size_t length = terminal_describe(payload, sizeof(payload));

	if (session->streams.socket >= 0)
		streams_resize(&session->streams, payload);
	else
		(void)frame_send(session->socket, MESSAGE_TERMINAL, payload, length);
}

/* Ends the client, and with it what it ran. */
static void end_by_signal(struct session *session, uint32_t number)
{
	session->finished = true;
	session->code = 128 + (int)number;
}

/* Another program may have used the terminal, or changed its size. */
static void resume(struct session *session)
{
	if (!session->has_terminal)
		return;
	terminal_give();
	send_terminal(session);
}

/* Whether a terminal sent the signal: a key, or its end. Terminals signal the whole foreground
 * process group, so the command's group gets it, not the command alone. */
static bool is_of_terminal(const struct signalfd_siginfo *information)
{
	return information->ssi_code == SI_KERNEL &&
	       (information->ssi_signo == SIGINT || information->ssi_signo == SIGQUIT ||
		information->ssi_signo == SIGHUP);
}

/* Forwards a signal to the process in the container. If there is none, for example while the
 * manager is busy, a terminating signal ends the client: the manager notices that, and undoes what
 * it has begun. */
static void take_signal(struct session *session)
{
	struct signalfd_siginfo information;
	uint32_t number;

	if (read(session->signals, &information, sizeof(information)) !=
	    (ssize_t)sizeof(information))
		return;
	number = information.ssi_signo;
	/* Handles what was sent before the signal. */
	if (session->streams.socket >= 0)
		streams_receive(&session->streams);
	if (number == SIGWINCH && session->has_terminal) {
		send_terminal(session);
		return;
	}
	if (number == SIGCHLD) {
		if (copy_reap(&session->copy)) {
			session->finished = true;
			session->code = 1;
		}
		return;
	}
	if (number == SIGCONT)
		resume(session);
	if (!signal_terminates(number)) {
		if (!session->copy.wanted)
			(void)streams_signal(&session->streams, number, false);
		if (number == SIGTSTP) {
			signals_suspend();
			/* If it did not stop, no SIGCONT will follow. */
			resume(session);
		}
		return;
	}
	if (streams_interrupts(number)) {
		session->signal = number;
		session->signalled = monotonic_ms();
		session->signalled_after_end = session->streams.ended;
	}
	if (number == SIGXCPU) {
		end_by_signal(session, number);
		return;
	}
	/* A copy ends here; the supervisor ends the process in the container. */
	if (session->giving_up || session->copy.wanted ||
	    !streams_signal(&session->streams, number, is_of_terminal(&information)))
		end_by_signal(session, number);
}

/* Like read(2), but handles a signal that arrives meanwhile: EINTR. */
static ssize_t read_unless_signalled(struct session *session, int fd, uint8_t *bytes, size_t size)
{
	struct pollfd polled[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = session->signals, .events = POLLIN },
	};

	if (fd < 0) {
		errno = EBADF;
		return -1;
	}
	if (poll(polled, 2, -1) < 0)
		return -1;
	if (polled[1].revents != 0)
		take_signal(session);
	if (polled[0].revents != 0)
		return read(fd, bytes, size);
	errno = EINTR;
	return -1;
}

/* A signal that the supervisor could not deliver ends the client. */
static void take_answers(struct session *session)
{
	if (session->streams.undelivered != 0 && !session->finished)
		end_by_signal(session, session->streams.undelivered);
	session->streams.undelivered = 0;
}

/* Like write_all(), but handles signals meanwhile, which may end the command. A pipe takes 4096
 * bytes without blocking once poll(2) reports POLLOUT (pipe(7)). */
static int write_unless_signalled(struct session *session, int fd, const uint8_t *bytes,
				  size_t length)
{
	while (length > 0 && !session->finished) {
		struct pollfd polled[] = {
			{ .fd = fd, .events = POLLOUT },
			{ .fd = session->signals, .events = POLLIN },
			{ .fd = session->streams.socket, .events = POLLIN },
		};
		ssize_t written;

		if (poll(polled, 3, -1) < 0)
			return -1;
		if (polled[1].revents != 0)
			take_signal(session);
		if (polled[2].revents != 0 && session->streams.socket >= 0)
			streams_receive(&session->streams);
		take_answers(session);
		if (polled[0].revents == 0)
			continue;
		written = write(fd, bytes, length < ATOMIC_BYTES ? length : ATOMIC_BYTES);
		if (written < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		bytes += written < 0 ? 0 : written;
		length -= written < 0 ? 0 : (size_t)written;
	}
	return 0;
}

/* Reports why the client ends, and ends it. Standard error may be a terminal that nobody reads: a
 * signal still ends the client. */
__attribute__((format(printf, 2, 3))) static void give_up(struct session *session,
							  const char *format, ...)
{
	char text[PATH_MAX];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	session->giving_up = true;
	if (length > 0 && !session->finished)
		(void)write_unless_signalled(session, session->streams.err.to,
					     (const uint8_t *)text, strlen(text));
	if (session->finished)
		return;
	session->finished = true;
	session->code = NO_MANAGER;
}

/* Reads a descriptor to its end and sends it: u32 errno, then the bytes. */
static void send_descriptor(struct session *session, int fd)
{
	static uint8_t frame[FRAME_HEADER + DESCRIPTOR_MAX];
	uint8_t *payload = frame + FRAME_HEADER;
	size_t length = 4;
	size_t filled;
	ssize_t got;

	do {
		got = read_unless_signalled(session, fd, payload + length, DESCRIPTOR_MAX - length);
		if (got > 0)
			length += (size_t)got;
	} while (!session->finished &&
		 ((got > 0 && length < DESCRIPTOR_MAX) || (got < 0 && errno == EINTR)));
	frame_put_u32(payload, got < 0 ? (size_t)errno : length == DESCRIPTOR_MAX ? EFBIG : 0);
	filled = length;
	length = got < 0 ? 4 : length;
	frame_put_header(frame, MESSAGE_DESCRIPTOR, length);
	(void)write_unless_signalled(session, session->socket, frame, FRAME_HEADER + length);
	explicit_bzero(frame, FRAME_HEADER + filled);
}

/* The reader of the output has exited, or has no room for it: the client ends too. */
static void write_failed(struct session *session, const char *name, int error)
{
	give_up(session, "nucleus: can't write to %s: %s\n", name, strerror(error));
}

static bool wait_readable(void *context, int fd, int ms)
{
	struct session *session = context;

	while (!session->finished) {
		struct pollfd polled[] = {
			{ .fd = session->signals, .events = POLLIN },
			{ .fd = fd, .events = POLLIN },
		};
		int ready = poll(polled, 2, ms);

		if (ready == 0 || polled[1].revents != 0)
			return true;
		if (ready > 0 && polled[0].revents != 0)
			take_signal(session);
	}
	return false;
}

/* For the copy, which has more than one error to report. */
static void write_error(void *context, const char *text, size_t length)
{
	struct session *session = context;
	bool finished = session->finished;

	session->finished = false;
	(void)write_unless_signalled(session, session->streams.err.to, (const uint8_t *)text,
				     length);
	session->finished |= finished;
}

/* Payload: u8 flags, the ticket, and the path of the supervisor's socket, terminated by NUL. */
static void attach(struct session *session, const uint8_t *payload, size_t length)
{
	const char *path = (const char *)payload + 1 + TICKET_BYTES;
	const struct waiter waiter = { .context = session, .readable = wait_readable };

	if (length < 2 + TICKET_BYTES || payload[length - 1] != '\0' ||
	    streams_attach(&session->streams, path, payload + 1, TICKET_BYTES,
			   (payload[0] & ATTACH_INPUT) != 0, &waiter) < 0) {
		give_up(session, "nucleus: can't attach to the container's streams: %s\n",
			session->streams.refusal[0] != '\0' ? session->streams.refusal
							    : strerror(errno));
		return;
	}
	if (session->copy.wanted &&
	    !copy_begin(&session->copy, &session->streams, (payload[0] & ATTACH_INPUT) != 0) &&
	    !session->finished) {
		session->finished = true;
		session->code = NO_MANAGER;
	}
	session->streams.can_be_left = (payload[0] & ATTACH_DETACH_KEYS) != 0;
	session->has_workspace = (payload[0] & ATTACH_WORKSPACE) != 0;
}

static void handle_frame(struct session *session, uint8_t type, const uint8_t *payload,
			 size_t length)
{
	switch (type) {
	case MESSAGE_OUTPUT:
		if (write_unless_signalled(session, session->streams.out.to, payload, length) < 0)
			write_failed(session, "standard output", errno);
		break;
	case MESSAGE_ERROR_OUTPUT:
		if (write_unless_signalled(session, session->streams.err.to, payload, length) < 0)
			write_failed(session, "standard error", errno);
		break;
	case MESSAGE_STREAMS:
		attach(session, payload, length);
		break;
	case MESSAGE_WANT_TERMINAL:
		session->has_terminal = true;
		send_terminal(session);
		terminal_give();
		break;
	case MESSAGE_WANT_DESCRIPTOR:
		send_descriptor(session, length < 4 ? -1 : (int)frame_u32(payload));
		break;
	case MESSAGE_EXIT:
		session->has_exit_code = true;
		session->code = length < 4 ? NO_MANAGER : (int)frame_u32(payload);
		break;
	default:
		break;
	}
}

/* The process continues without the manager, and its supervisor reports how it ends. */
static void lose_manager(struct session *session)
{
	(void)close(session->socket);
	session->socket = -1;
	if (session->streams.socket >= 0 || session->streams.ended ||
	    !streams_ended(&session->streams))
		return;
	give_up(session, "nucleus: the manager closed the connection\n");
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define MANAGER_EXITED                                                                             \
	"the manager has exited; the next one copies the workspace back when it starts"

/* The command has exited, but its changes are not in its workspace yet. */
static void report_missing_workspace(struct session *session, const char *reason)
{
	give_up(session, "nucleus: the command ended with exit code %d, but %s\n",
		exit_code(session->streams.status), reason);
}

/* Ends without waiting for output, or for the manager. */
static void abandon_output(struct session *session)
{
	struct pollfd err = { .fd = session->streams.err.to, .events = POLLOUT };

	if (session->has_exit_code)
		return;
	session->code = exit_code(session->streams.status);
	if (!session->has_workspace)
		return;
	/* Possibly nobody reads the reason either. */
	if (poll(&err, 1, 0) == 1)
		report_missing_workspace(
			session, session->socket < 0
					 ? MANAGER_EXITED
					 : "its workspace has not been copied back yet; the "
					   "manager continues in the background");
	session->code = NO_MANAGER;
}

/* Without a manager, ends the client once the exit status is known, or never will be. */
static void conclude(struct session *session)
{
	const struct streams *streams = &session->streams;

	if (session->socket >= 0 || !streams_ended(streams) || !copy_ended(&session->copy))
		return;
	if (!streams->ended && streams->socket >= 0)
		return;
	if (streams->ended && session->has_workspace) {
		report_missing_workspace(session, MANAGER_EXITED);
		return;
	}
	if (!streams->ended) {
		give_up(session,
			"nucleus: lost the connections to manager and supervisor; the exit code "
			"is unknown\n");
		return;
	}
	session->finished = true;
	session->code = exit_code(streams->status);
}

static void receive(struct session *session)
{
	size_t used = 0;
	ssize_t got = read(session->socket, session->buffer + session->length,
			   sizeof(session->buffer) - session->length);

	if (got <= 0) {
		lose_manager(session);
		return;
	}
	session->length += (size_t)got;
	while (!session->finished && session->length - used >= FRAME_HEADER) {
		const uint8_t *frame = session->buffer + used;
		size_t length = frame_u32(frame);

		if (length > CHUNK) {
			session->finished = true;
			session->code = NO_MANAGER;
			return;
		}
		if (session->length - used < FRAME_HEADER + length)
			break;
		handle_frame(session, frame[4], frame + FRAME_HEADER, length);
		used += FRAME_HEADER + length;
	}
	session->length -= used;
	memmove(session->buffer, session->buffer + used, session->length);
}

/* A closed one would become the number of the next socket, and receive the container's output. */
static void open_standard_streams(void)
{
	int fd;

	(void)signal(SIGPIPE, SIG_IGN);
	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

/* Whether the user wants the client to end with output still unwritten: without a client, a process
 * that a signal ended would not have waited for a reader either. A service that reloads at SIGHUP
 * and exits later was not ended by that. Changes that are to be copied back to a workspace are
 * waited for. */
static bool gives_up_on_output(const struct session *session)
{
	const struct streams *streams = &session->streams;
	bool awaits_workspace = session->has_workspace && !session->has_exit_code &&
				session->socket >= 0;

	if (!streams->ended || session->signal == 0)
		return false;
	return session->signalled_after_end ||
	       (!awaits_workspace && streams->ended_at - session->signalled < SHUTDOWN_MS &&
		(session->signal != SIGHUP || exit_code(streams->status) >= 128));
}

static int converse(struct session *session)
{
	struct streams *streams = &session->streams;

	while (!session->finished) {
		struct pollfd polled[3 + STREAMS_POLLED] = {
			{ .fd = session->has_exit_code ? -1 : session->socket, .events = POLLIN },
			{ .fd = session->signals, .events = POLLIN },
		};

		int ready;

		if (session->has_exit_code && streams_ended(streams) && copy_ended(&session->copy))
			break;
		streams_poll(streams, polled + 2);
		polled[2 + STREAMS_POLLED] = copy_poll(&session->copy);
		ready = poll(polled, 3 + STREAMS_POLLED,
			     gives_up_on_output(session) ? BLOCKED_MS : -1);
		if (ready == 0) {
			abandon_output(session);
			break;
		}
		if (ready < 0)
			continue;
		if (polled[1].revents != 0)
			take_signal(session);
		streams_move(streams, polled + 2);
		copy_move(&session->copy, polled + 2 + STREAMS_POLLED);
		if (streams->failed != 0)
			write_failed(session, streams->failed_name, streams->failed);
		session->finished |= streams->left;
		take_answers(session);
		if (polled[0].revents != 0 && !session->finished)
			receive(session);
		if (!session->finished)
			conclude(session);
	}
	copy_stop(&session->copy);
	streams_close(streams);
	terminal_restore();
	return copy_code(&session->copy, session->code);
}

/* The client runs briefly each time it is woken, and its user waits: it should preempt a manager
 * that is cleaning up. Keeps any other policy that its user chose; musl's sched_getscheduler(3)
 * always fails with ENOSYS. */
static void ask_for_short_slices(void)
{
	if (syscall(SYS_sched_getscheduler, 0) == SCHED_NORMAL)
		sys_ask_for_short_slices(getpriority(PRIO_PROCESS, 0));
}

/* The value of the last --socket before the command, or NULL. */
static const char *socket_option(int argc, char *argv[], int *first)
{
	static const char option[] = "--socket=";
	const char *named = NULL;

	for (;;) {
		if (*first + 1 < argc && strcmp(argv[*first], "--socket") == 0) {
			named = argv[*first + 1];
			*first += 2;
		} else if (*first < argc && strncmp(argv[*first], option, strlen(option)) == 0) {
			named = argv[*first] + strlen(option);
			*first += 1;
		} else {
			return named;
		}
	}
}

int main(int argc, char *argv[])
{
	static struct session session;
	char path[PATH_MAX];
	int first = 1;
	int answered;
	int result = default_socket(path, sizeof(path));
	const char *named = socket_option(argc, argv, &first);

	if (named != NULL)
		result = snprintf(path, sizeof(path), "%s", named) < (int)sizeof(path) ? 0 : -1;
	open_standard_streams();
	answered = reference_answer(argc - first, argv + first);
	if (answered >= 0)
		return answered;
	copy_parse(&session.copy, argc - first, argv + first);
	session.copy.write_error = write_error;
	session.copy.context = &session;
	streams_init(&session.streams);
	session.socket = result < 0 ? -1 : connect_to(path);
	if (session.socket < 0 || send_command(session.socket, argc - first, argv + first) < 0) {
		int error = errno;

		answered = reference_without_manager(argc - first, argv + first);
		if (answered >= 0)
			return answered;
		if (first + 1 < argc && strcmp(argv[first + 1], "--socket") == 0) {
			(void)fputs("nucleus: --socket must precede the command\n", stderr);
			return NO_MANAGER;
		}
		(void)fprintf(
			stderr,
			"nucleus: no manager answers at %s: %s\n"
			"Start one (java -jar nucleus.jar), or name its socket with --socket or "
			"$NUCLEUS_SOCKET.\n",
			path, strerror(error));
		return NO_MANAGER;
	}
	/* Not earlier: a manager that hangs does not read the command, and until then a signal
	 * simply ends the client. */
	session.signals = signals_watch();
	ask_for_short_slices();
	return converse(&session);
}
