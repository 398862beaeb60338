#include "shim/sdnotify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/wire.h"
#include "shim/loop.h"
#include "shim/shim_capabilities.h"

#define TEXT_MAX 2048
/* Datagrams forwarded per second. A faster sender blocks, because the kernel's queue is short. */
#define BUDGET 100
#define WINDOW 1000 /* ms */
/* SO_PASSRIGHTS, which older headers lack (asm-generic/socket.h). */
#define PASS_RIGHTS 83

static void send_text(struct connection *connection, const char *text)
{
	uint8_t bytes[TEXT_MAX + 64];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame = frame_begin(&writer, ANSWER_NOTIFIED);

	write_string(&writer, text);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

static void remember_line(struct service_state *state, const char *line, size_t length)
{
	static const char status[] = "STATUS=";
	size_t name = sizeof(status) - 1;

	if (length == 7 && memcmp(line, "READY=1", 7) == 0) {
		state->ready = true;
		state->stopping = false;
	} else if (length == 10 && memcmp(line, "STOPPING=1", 10) == 0) {
		state->stopping = true;
	} else if (length > name && memcmp(line, status, name) == 0) {
		(void)snprintf(state->status, sizeof(state->status), "%.*s", (int)(length - name),
			       line + name);
	}
}

static void remember(struct service_state *state, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		remember_line(state, text, length);
		text += length + (text[length] == '\n');
	}
}

/* Receives one datagram. False: there is none. */
static bool receive(struct shim *shim, int fd)
{
	char text[TEXT_MAX + 1];
	ssize_t got = recv(fd, text, TEXT_MAX, 0);

	if (got < 0)
		return false;
	/* The receiver process has exited. */
	if (got == 0 && shim->receiver > 0) {
		close_fd(&shim->notify.fd);
		return false;
	}
	for (ssize_t i = 0; i < got; i++)
		text[i] = text[i] == '\0' ? ' ' : text[i];
	text[got] = '\0';
	remember(&shim->state, text);
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->subscribed && !at->dead)
			send_text(at, text);
	}
	return true;
}

static void notify_ready(struct shim *shim, struct source *source, short revents)
{
	int64_t now = monotonic_ms();

	(void)revents;
	if (now >= shim->state.window_ends) {
		shim->state.window_ends = now + WINDOW;
		shim->state.budget = BUDGET;
	}
	while (shim->state.budget > 0 && receive(shim, source->fd))
		shim->state.budget--;
	if (shim->state.budget == 0)
		source->events = 0;
}

/* Descriptors sent with a datagram are closed by the process that receives it, even if it discards
 * them, and a close may block for as long as the sender likes (socket(7), SO_LINGER). A socket that
 * refuses descriptors makes the send fail instead (SO_PASSRIGHTS, Linux 6.16). */
static bool refuses_descriptors(int fd)
{
	const int none = 0;

	return setsockopt(fd, SOL_SOCKET, PASS_RIGHTS, &none, sizeof(none)) == 0;
}

/* On an older kernel a separate process, which may hang in a close, receives the datagrams and
 * forwards their bytes over a socket pair that the container has no access to. It dies with the
 * shim. */
static _Noreturn void receive_for_shim(pid_t shim, int fd, int shim_fd)
{
	const int kept[] = { fd, shim_fd };
	char text[TEXT_MAX];

	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "nucleus-notify");
	/* The shim may have died before the parent-death signal was set. */
	if (getppid() != shim)
		_exit(0);
	descriptors_close_standard();
	(void)descriptors_keep(kept, sizeof(kept) / sizeof(kept[0]));
	(void)shim_keep_capabilities(0);
	(void)fcntl(fd, F_SETFL, 0);
	for (;;) {
		ssize_t got = recv(fd, text, sizeof(text), 0);

		if ((got < 0 && errno != EINTR) ||
		    (got > 0 && send(shim_fd, text, (size_t)got, MSG_NOSIGNAL) < 0))
			_exit(0);
	}
}

/* Starts the receiver, which alone keeps the socket. Returns the descriptor that the shim reads
 * instead, or a negative errno. */
static int start_receiver(struct shim *shim, int fd)
{
	int ends[2];
	pid_t self = getpid();
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		receive_for_shim(self, fd, ends[1]);
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return -errno;
	}
	shim->receiver = pid;
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[0];
}

static void watch(struct shim *shim, struct poll_set *set)
{
	poll_set_add(set, &shim->notify);
}

static uint64_t due_at(const struct shim *shim)
{
	return shim->notify.fd >= 0 && shim->notify.events == 0 ? due_at_ms(shim->state.window_ends)
								: 0;
}

/* Resumes reading from a workload that has exceeded its budget. */
static void expire(struct shim *shim, int64_t now)
{
	if (shim->notify.fd >= 0 && shim->notify.events == 0 && now >= shim->state.window_ends)
		shim->notify.events = POLLIN;
}

static struct loop_member member = { .watch = watch, .due_at = due_at, .expire = expire };

int sdnotify_open(struct shim *shim, struct failure *failure)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = shim->plan.notify;
	owned_fd fd = -1;

	if (path[0] == '\0')
		return 0;
	if (strlen(path) >= sizeof(address.sun_path))
		return fail(failure, STEP_DIRECTORY, ENAMETOOLONG, "listen on %s", path);
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Only the container can reach it: its directory on the host is closed to others. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0666) < 0)
		return fail(failure, STEP_DIRECTORY, errno, "listen on %s", path);
	if (!refuses_descriptors(fd)) {
		int received = start_receiver(shim, fd);

		if (received < 0)
			return fail(failure, STEP_DIRECTORY, -received, "listen on %s", path);
		close_fd(&fd);
		fd = received;
	}
	shim->notify = (struct source){ release(&fd), POLLIN, notify_ready };
	loop_join(shim, &member);
	return 0;
}

void sdnotify_mounted(const struct shim *shim)
{
	if (shim->notify.fd >= 0)
		(void)unlink(shim->plan.notify);
}

void sdnotify_send(const struct shim *shim, struct connection *connection)
{
	const struct service_state *state = &shim->state;
	char text[sizeof(state->status) + 64];

	if (!state->ready && !state->stopping && state->status[0] == '\0')
		return;
	(void)snprintf(text, sizeof(text), "%s%s%s%s", state->ready ? "READY=1\n" : "",
		       state->stopping ? "STOPPING=1\n" : "",
		       state->status[0] == '\0' ? "" : "STATUS=", state->status);
	send_text(connection, text);
}

void sdnotify_close(struct shim *shim)
{
	sdnotify_mounted(shim);
	close_fd(&shim->notify.fd);
	/* Not waited for: it may be stuck in a close. */
	if (shim->receiver > 0)
		(void)kill(shim->receiver, SIGKILL);
	shim->receiver = 0;
}
