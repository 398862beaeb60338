/* nucleus: the thin client. Sends its arguments to the manager, copies the streams, and
 * exits with the code it is told. All commands live in the manager. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "terminal.h"

#define HEADER 5U
#define CHUNK 65536U
#define DESCRIPTOR_MAX (1U << 20) /* bytes of a descriptor's answer */
#define NO_MANAGER 125

/* Frames: u32 payload length (little-endian), u8 type, payload. */
enum to_manager { COMMAND = 1, INPUT = 2, INPUT_END = 3, SIGNAL = 4, TERMINAL = 5, DESCRIPTOR = 6 };
enum from_manager {
	OUTPUT = 0x11,
	ERROR_OUTPUT = 0x12,
	EXIT = 0x13,
	WANT_INPUT = 0x14,
	WANT_TERMINAL = 0x15,
	WANT_DESCRIPTOR = 0x16,
};

struct session {
	int socket;
	int signals;
	bool wants_input;
	bool has_terminal;
	bool finished;
	int code;
	size_t length;
	uint8_t buffer[CHUNK + HEADER];
};

static void put_u32(uint8_t *at, size_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static int write_all(int fd, const void *data, size_t length)
{
	const uint8_t *at = data;

	while (length > 0) {
		ssize_t written = write(fd, at, length);

		if (written < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			(void)poll(&wait, 1, -1);
			continue;
		}
		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			at += written;
			length -= (size_t)written;
		}
	}
	return 0;
}

static int send_frame(int fd, enum to_manager type, const void *data, size_t length)
{
	uint8_t header[HEADER];

	put_u32(header, length);
	header[4] = (uint8_t)type;
	return write_all(fd, header, sizeof(header)) < 0 ? -1 : write_all(fd, data, length);
}

/* Where the manager listens: --socket, $NUCLEUS_SOCKET, or the run directory of this user,
 * as the manager itself finds it. */
static int default_socket(char *path, size_t size)
{
	const char *given = getenv("NUCLEUS_SOCKET");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	int length;

	if (given != NULL && given[0] != '\0')
		length = snprintf(path, size, "%s", given);
	else if (geteuid() == 0)
		length = snprintf(path, size, "/run/nucleus/nucleus.sock");
	else if (runtime != NULL)
		length = snprintf(path, size, "%s/nucleus/nucleus.sock", runtime);
	else if (state != NULL)
		length = snprintf(path, size, "%s/nucleus/run/nucleus.sock", state);
	else
		length = snprintf(path, size, "%s/.local/state/nucleus/run/nucleus.sock",
				  home == NULL ? "" : home);
	return length > 0 && (size_t)length < size ? 0 : -1;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
		errno = fd < 0 ? errno : ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : fd;
}

/* The command: the working directory, then the arguments, each ended by NUL. */
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
	result = send_frame(fd, COMMAND, payload, length);
	free(payload);
	return result;
}

static void send_terminal(const struct session *session)
{
	uint8_t payload[128];

	(void)send_frame(session->socket, TERMINAL, payload,
			 terminal_describe(payload, sizeof(payload)));
}

/* Reads a descriptor to its end and sends it: u32 errno, then the bytes. */
static void send_descriptor(const struct session *session, int fd)
{
	static uint8_t payload[DESCRIPTOR_MAX];
	size_t length = 4;
	ssize_t got;

	do {
		got = read(fd, payload + length, sizeof(payload) - length);
		if (got > 0)
			length += (size_t)got;
	} while ((got > 0 && length < sizeof(payload)) || (got < 0 && errno == EINTR));
	put_u32(payload, got < 0 ? (size_t)errno : length == sizeof(payload) ? EFBIG : 0);
	(void)send_frame(session->socket, DESCRIPTOR, payload, got < 0 ? 4 : length);
	explicit_bzero(payload, length);
}

static void handle_frame(struct session *session, uint8_t type, const uint8_t *payload,
			 size_t length)
{
	switch (type) {
	case OUTPUT:
		/* Whoever read the output has gone: so does this. */
		session->finished |= write_all(STDOUT_FILENO, payload, length) < 0;
		break;
	case ERROR_OUTPUT:
		(void)write_all(STDERR_FILENO, payload, length);
		break;
	case WANT_INPUT:
		session->wants_input = true;
		break;
	case WANT_TERMINAL:
		session->has_terminal = true;
		send_terminal(session);
		terminal_give();
		break;
	case WANT_DESCRIPTOR:
		send_descriptor(session, length < 4 ? -1 : (int)get_u32(payload));
		break;
	case EXIT:
		session->finished = true;
		session->code = length < 4 ? NO_MANAGER : (int)get_u32(payload);
		break;
	default:
		break;
	}
}

static void receive(struct session *session)
{
	size_t used = 0;
	ssize_t got = read(session->socket, session->buffer + session->length,
			   sizeof(session->buffer) - session->length);

	if (got <= 0) {
		(void)fprintf(stderr, "nucleus: the manager closed the connection\n");
		session->finished = true;
		session->code = NO_MANAGER;
		return;
	}
	session->length += (size_t)got;
	while (!session->finished && session->length - used >= HEADER) {
		const uint8_t *frame = session->buffer + used;
		size_t length = get_u32(frame);

		if (length > CHUNK) {
			session->finished = true;
			session->code = NO_MANAGER;
			return;
		}
		if (session->length - used < HEADER + length)
			break;
		handle_frame(session, frame[4], frame + HEADER, length);
		used += HEADER + length;
	}
	session->length -= used;
	memmove(session->buffer, session->buffer + used, session->length);
}

static void send_input(struct session *session)
{
	uint8_t chunk[16384];
	ssize_t got = read(STDIN_FILENO, chunk, sizeof(chunk));

	if (got > 0) {
		(void)send_frame(session->socket, INPUT, chunk, (size_t)got);
		return;
	}
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	session->wants_input = false;
	(void)send_frame(session->socket, INPUT_END, NULL, 0);
}

static void send_signal(struct session *session)
{
	struct signalfd_siginfo information;
	uint8_t number[4];

	if (read(session->signals, &information, sizeof(information)) !=
	    (ssize_t)sizeof(information))
		return;
	if (information.ssi_signo == SIGWINCH) {
		if (session->has_terminal)
			send_terminal(session);
		return;
	}
	put_u32(number, information.ssi_signo);
	(void)send_frame(session->socket, SIGNAL, number, sizeof(number));
}

static int watch_signals(void)
{
	sigset_t forwarded;

	(void)sigemptyset(&forwarded);
	(void)sigaddset(&forwarded, SIGINT);
	(void)sigaddset(&forwarded, SIGTERM);
	(void)sigaddset(&forwarded, SIGHUP);
	(void)sigaddset(&forwarded, SIGQUIT);
	(void)sigaddset(&forwarded, SIGUSR1);
	(void)sigaddset(&forwarded, SIGUSR2);
	(void)sigaddset(&forwarded, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &forwarded, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &forwarded, SFD_CLOEXEC);
}

static int converse(struct session *session)
{
	while (!session->finished) {
		struct pollfd polled[] = {
			{ .fd = session->socket, .events = POLLIN },
			{ .fd = session->signals, .events = POLLIN },
			{ .fd = session->wants_input ? STDIN_FILENO : -1, .events = POLLIN },
		};

		if (poll(polled, 3, -1) < 0)
			continue;
		if (polled[0].revents != 0)
			receive(session);
		if (polled[1].revents != 0)
			send_signal(session);
		if (polled[2].revents != 0 && !session->finished)
			send_input(session);
	}
	terminal_restore();
	return session->code;
}

int main(int argc, char *argv[])
{
	static struct session session;
	char path[PATH_MAX];
	int first = 1;
	int result = default_socket(path, sizeof(path));

	if (argc > 2 && strcmp(argv[1], "--socket") == 0) {
		result = snprintf(path, sizeof(path), "%s", argv[2]) < (int)sizeof(path) ? 0 : -1;
		first = 3;
	} else if (argc > 1 && strncmp(argv[1], "--socket=", 9) == 0) {
		result = snprintf(path, sizeof(path), "%s", argv[1] + 9) < (int)sizeof(path) ? 0
											     : -1;
		first = 2;
	}
	session.signals = watch_signals();
	session.socket = result < 0 ? -1 : connect_to(path);
	if (session.socket < 0 || send_command(session.socket, argc - first, argv + first) < 0) {
		(void)fprintf(
			stderr,
			"nucleus: no manager answers at %s: %s\n"
			"Start one (java -jar nucleus.jar), or name its socket with --socket or "
			"$NUCLEUS_SOCKET.\n",
			path, strerror(errno));
		return NO_MANAGER;
	}
	return converse(&session);
}
