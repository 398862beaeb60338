/* A workload that reacts to what its supervisor does: it watches its writable directories, and on
 * each event, or after a moment without one, does something hostile in them. Its actions depend on
 * its seed and on how often it was woken.
 * usage: reactor SEED VICTIM DIRECTORY...
 *        VICTIM: a path of the host for links to point at */
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
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define DIRECTORIES_MAX 8
#define MOMENT 20          /* ms without an event */
#define FLOOD 100          /* names at once */
#define DEPTH 60           /* of a tree */
#define CHILDREN 4         /* at once */
#define LAST_DESCRIPTOR 40 /* that links point at */
#define PASSED 16          /* descriptors in one message */
#define EXCHANGE 2         /* RENAME_EXCHANGE, which the C library's headers may lack */

/* "app" is the working directory of processes that its supervisor starts. */
static const char *const names[] = { "app", "sub", "file", "prog", "link", "tree", "a", "b" };
#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

static const char *const places[] = {
	"/proc/1/root",      "/proc/1/cwd", "/proc/self/root/..", "/proc/self/cwd", "/etc", "..",
	"../../../../../..", "/run",        "/run/nucleus",       "/dev/fd/7",      "."
};

struct reactor {
	uint64_t state; /* of the generator */
	const char *victim;
	int directories[DIRECTORIES_MAX];
	size_t directory_count;
	unsigned int flood; /* number of names made */
};

/* xorshift64*, which needs no library. */
static uint32_t draw(struct reactor *reactor, uint32_t below)
{
	reactor->state ^= reactor->state >> 12;
	reactor->state ^= reactor->state << 25;
	reactor->state ^= reactor->state >> 27;
	return (uint32_t)((reactor->state * 0x2545F4914F6CDD1DULL) >> 32) % below;
}

static int directory(struct reactor *reactor)
{
	return reactor->directories[draw(reactor, (uint32_t)reactor->directory_count)];
}

static const char *name(struct reactor *reactor)
{
	return names[draw(reactor, NAME_COUNT)];
}

/* Moves the entry of this name out of the way, whatever it is. */
static void clear(struct reactor *reactor, int at, const char *what)
{
	char aside[32];

	if (unlinkat(at, what, 0) == 0 || unlinkat(at, what, AT_REMOVEDIR) == 0)
		return;
	(void)snprintf(aside, sizeof(aside), "aside-%u", draw(reactor, 32));
	(void)renameat(at, what, at, aside);
}

static void exchange(struct reactor *reactor)
{
	int from = directory(reactor);
	const char *one = name(reactor);

	(void)syscall(SYS_renameat2, from, one, directory(reactor), name(reactor), EXCHANGE);
}

static void plant_link(struct reactor *reactor)
{
	char target[PATH_MAX];
	int at = directory(reactor);
	const char *what = name(reactor);

	switch (draw(reactor, 3)) {
	case 0:
		(void)snprintf(target, sizeof(target), "/proc/self/fd/%u",
			       3 + draw(reactor, LAST_DESCRIPTOR - 2));
		break;
	case 1:
		(void)snprintf(target, sizeof(target), "%s", reactor->victim);
		break;
	default:
		(void)snprintf(target, sizeof(target), "%s",
			       places[draw(reactor, sizeof(places) / sizeof(places[0]))]);
		break;
	}
	clear(reactor, at, what);
	(void)symlinkat(target, at, what);
}

/* So that the directory that its supervisor enters exists at times. */
static void make_directory(struct reactor *reactor)
{
	int at = directory(reactor);
	const char *what = draw(reactor, 2) == 0 ? "app" : name(reactor);

	clear(reactor, at, what);
	(void)mkdirat(at, what, 0777);
}

static void make_fifo(struct reactor *reactor)
{
	int at = directory(reactor);
	const char *what = name(reactor);

	clear(reactor, at, what);
	(void)mknodat(at, what, S_IFIFO | 0666, 0);
}

static void make_socket(struct reactor *reactor)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int at = directory(reactor);
	const char *what = name(reactor);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	clear(reactor, at, what);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", at, what);
	(void)bind(fd, (struct sockaddr *)&address, sizeof(address));
	(void)close(fd);
}

/* Huge, and empty on disk. */
static void make_sparse(struct reactor *reactor)
{
	int at = directory(reactor);
	const char *what = name(reactor);
	int fd;

	clear(reactor, at, what);
	fd = openat(at, what, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0666);
	(void)!ftruncate(fd, (off_t)1 << 40);
	(void)close(fd);
}

static void make_program(struct reactor *reactor)
{
	static const char script[] = "#!/proc/self/fd/7/../evil\n";
	int at = directory(reactor);
	int fd;

	clear(reactor, at, "prog");
	fd = openat(at, "prog", O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0777);
	(void)!write(fd, script, sizeof(script) - 1);
	(void)close(fd);
}

/* Names that are not text, that contain commands, or that are as long as possible. */
static void make_strange(struct reactor *reactor)
{
	static const char *const strange[] = { "new\nline", "\xff\xfe", "-rf",       "$(reboot)",
					       "..hidden",  "\033[2J",  "exit.json", ".git" };
	char longest[NAME_MAX + 1];
	int at = directory(reactor);
	uint32_t which = draw(reactor, 1 + sizeof(strange) / sizeof(strange[0]));
	const char *what = longest;

	memset(longest, 'x', NAME_MAX);
	longest[NAME_MAX] = '\0';
	if (which < sizeof(strange) / sizeof(strange[0]))
		what = strange[which];
	(void)close(openat(at, what, O_CREAT | O_WRONLY | O_NOFOLLOW, 0000));
}

static void make_tree(struct reactor *reactor)
{
	int at = openat(directory(reactor), ".", O_PATH | O_DIRECTORY);

	for (int depth = 0; at >= 0 && depth < DEPTH; depth++) {
		int below;

		(void)mkdirat(at, "tree", 0777);
		below = openat(at, "tree", O_PATH | O_DIRECTORY | O_NOFOLLOW);
		(void)close(at);
		at = below;
	}
	(void)close(at);
}

/* Reuses the same names: the aim is not to fill the disk. */
static void flood(struct reactor *reactor)
{
	int at = directory(reactor);

	for (int i = 0; i < FLOOD; i++) {
		char what[32];

		(void)snprintf(what, sizeof(what), "flood-%u", reactor->flood++ % 1000);
		if (unlinkat(at, what, 0) < 0)
			(void)close(openat(at, what, O_CREAT | O_WRONLY | O_NOFOLLOW, 0666));
	}
}

static void change_mode(struct reactor *reactor)
{
	static const mode_t modes[] = { 0000, 0111, 0444, 0755, 0777, 01777, 02755, 04755 };

	(void)fchmodat(directory(reactor), name(reactor),
		       modes[draw(reactor, sizeof(modes) / sizeof(modes[0]))], 0);
}

static void link_twice(struct reactor *reactor)
{
	int from = directory(reactor);
	const char *one = name(reactor);

	(void)linkat(from, one, directory(reactor), name(reactor), 0);
}

/* Sends descriptors, some of which are slow to close, to the notify socket. */
static void notify(struct reactor *reactor)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(PASSED * sizeof(int))];
	char text[] = "READY=1\nSTATUS=\033[2J";
	struct iovec part = { .iov_base = text, .iov_len = sizeof(text) - 1 };
	struct msghdr message = { .msg_name = &address,
				  .msg_namelen = sizeof(address),
				  .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fds[PASSED];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (path == NULL || fd < 0) {
		(void)close(fd);
		return;
	}
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	for (size_t i = 0; i < PASSED; i++) {
		fds[i] = draw(reactor, 2) == 0 ? inotify_init1(0) : open(".", O_PATH | O_DIRECTORY);
		if (fds[i] < 0)
			fds[i] = fcntl(fd, F_DUPFD, 0);
	}
	memset(control, 0, sizeof(control));
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(header), fds, sizeof(fds));
	(void)sendmsg(fd, &message, 0);
	for (size_t i = 0; i < PASSED; i++)
		(void)close(fds[i]);
	(void)close(fd);
}

/* Leaves orphans, some of which live longer than others. */
static void multiply(struct reactor *reactor)
{
	for (int i = 0; i < CHILDREN; i++) {
		bool stays = draw(reactor, 8) == 0;
		pid_t pid = fork();

		if (pid != 0)
			continue;
		(void)setsid();
		(void)prctl(PR_SET_PDEATHSIG, 0);
		if (fork() != 0)
			_exit(0);
		(void)alarm(stays ? 3 : 1);
		if (stays)
			(void)pause();
		_exit(0);
	}
}

static void shout(struct reactor *reactor)
{
	static const char garbage[] = "\xff\033]0;title\007 <script>alert(1)</script> \r\0\n";

	(void)!write(draw(reactor, 2) == 0 ? STDOUT_FILENO : STDERR_FILENO, garbage,
		     sizeof(garbage) - 1);
}

static void signal_first(struct reactor *reactor)
{
	static const int numbers[] = { SIGSTOP, SIGCONT, SIGTERM, SIGUSR1, SIGKILL, SIGCHLD };

	if (getpid() != 1)
		(void)kill(1, numbers[draw(reactor, sizeof(numbers) / sizeof(numbers[0]))]);
}

static void look_around(struct reactor *reactor)
{
	static const char *const files[] = {
		"/proc/1/mem", "/proc/1/fd/7", "/proc/1/root/etc/shadow",
		"/proc/1/cwd", "/run/nucleus", "/proc/1/environ"
	};

	(void)close(
		open(files[draw(reactor, sizeof(files) / sizeof(files[0]))], O_RDWR | O_NONBLOCK));
}

static void react(struct reactor *reactor)
{
	static void (*const actions[])(struct reactor *) = {
		exchange,       exchange,       plant_link, plant_link,  plant_link,
		make_directory, make_directory, make_fifo,  make_socket, make_sparse,
		make_program,   make_strange,   make_tree,  flood,       change_mode,
		link_twice,     notify,         multiply,   shout,       signal_first,
		look_around,
	};

	actions[draw(reactor, sizeof(actions) / sizeof(actions[0]))](reactor);
}

/* Waits a moment for an event, and reads all that are pending. */
static void await_event(int inotify_fd)
{
	char events[4096];
	struct pollfd polled = { .fd = inotify_fd, .events = POLLIN };

	if (poll(&polled, 1, MOMENT) > 0)
		(void)!read(inotify_fd, events, sizeof(events));
}

int main(int argc, char **argv)
{
	struct reactor reactor = { 0 };
	int inotify_fd = inotify_init1(IN_NONBLOCK);

	if (argc < 4) {
		(void)fputs("usage: reactor SEED VICTIM DIRECTORY...\n", stderr);
		return 2;
	}
	reactor.state = strtoull(argv[1], NULL, 10) * 0x9E3779B97F4A7C15ULL + 1;
	reactor.victim = argv[2];
	for (int i = 3; i < argc && reactor.directory_count < DIRECTORIES_MAX; i++) {
		int fd = open(argv[i], O_PATH | O_DIRECTORY);

		if (fd < 0)
			continue;
		(void)inotify_add_watch(inotify_fd, argv[i], IN_ALL_EVENTS);
		reactor.directories[reactor.directory_count++] = fd;
	}
	if (reactor.directory_count == 0) {
		perror("reactor");
		return 1;
	}
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, number == SIGALRM ? SIG_DFL : SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, 0);
	(void)puts("reacting");
	(void)fflush(stdout);
	for (;;) {
		await_event(inotify_fd);
		react(&reactor);
	}
}
