#include "shim/seccomp_notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/syscalls.h"
#include "shim/connection.h"
#include "shim/trace.h"

#define TURN 64    /* notifications answered before other sources are served */
#define PROGRAM 16 /* bytes of a thread's name, with its NUL (TASK_COMM_LEN) */
#define LINE 256   /* maximum length of a line, in bytes */
#define DENIALS_MAX 512

/* Denied calls of one kind by one program. */
struct denial {
	char program[PROGRAM];
	uint32_t architecture;
	int32_t number;
	uint64_t argument;
	uint64_t count;
	uint64_t first; /* CLOCK_REALTIME ns */
	uint64_t last;
};

unsigned int notice_key_argument(int number)
{
	switch (number) {
	case SYS_socket:
	case SYS_socketpair:
	case SYS_prctl:
	case SYS_clone:
	case SYS_personality:
	case SYS_unshare:
	case SYS_bpf:
		return 0;
	case SYS_ioctl:
	case SYS_fcntl:
	case SYS_setns:
	case SYS_creat:
	case SYS_chmod:
	case SYS_fchmod:
	case SYS_mkdir:
	case SYS_mknod:
		return 1;
	case SYS_mmap:
	case SYS_mprotect:
	case SYS_pkey_mprotect:
	case SYS_madvise:
	case SYS_shmat:
	case SYS_fchmodat:
	case SYS_mkdirat:
	case SYS_mknodat:
		return 2;
	case SYS_execveat:
		return 4;
	default:
		return NO_ARGUMENT;
	}
}

/* Reads a thread's name. It goes into a line of JSON and is chosen by the workload, so other
 * characters are replaced. */
static void read_program(uint32_t pid, char name[PROGRAM])
{
	char path[64];
	owned_fd fd = -1;
	ssize_t got;

	(void)snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? 0 : read(fd, name, PROGRAM - 1);
	if (got > 0 && name[got - 1] == '\n')
		got--;
	name[got > 0 ? got : 0] = '\0';
	for (char *at = name; *at != '\0'; at++) {
		if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\')
			*at = '?';
	}
}

static struct denial *find(struct shim *shim, const struct denial *wanted)
{
	for (size_t i = 0; i < shim->denial_count; i++) {
		struct denial *at = &shim->denials[i];

		if (at->number == wanted->number && at->argument == wanted->argument &&
		    at->architecture == wanted->architecture &&
		    strcmp(at->program, wanted->program) == 0)
			return at;
	}
	return NULL;
}

static void record(struct shim *shim, const struct seccomp_notif *notice)
{
	unsigned int index = notice_key_argument(notice->data.nr);
	struct denial denial = {
		.architecture = notice->data.arch,
		.number = notice->data.nr,
		.argument = index == NO_ARGUMENT ? 0 : notice->data.args[index],
		.first = realtime_ns(),
	};
	struct denial *known;

	read_program(notice->pid, denial.program);
	known = find(shim, &denial);
	if (known == NULL && shim->denials == NULL)
		shim->denials = calloc(DENIALS_MAX, sizeof(*shim->denials));
	if (known == NULL && (shim->denials == NULL || shim->denial_count == DENIALS_MAX)) {
		shim->denials_dropped++;
		return;
	}
	if (known == NULL) {
		known = &shim->denials[shim->denial_count++];
		*known = denial;
	}
	known->count++;
	known->last = denial.first;
}

/* Answers one notification. False: there is none, for now or ever. */
static bool answer(struct shim *shim, struct source *source)
{
	/* Larger than the structures in the headers: a newer kernel's may be longer
	 * (SECCOMP_GET_NOTIF_SIZES). */
	union {
		struct seccomp_notif notice;
		uint8_t room[512];
	} request = { .room = { 0 } };
	union {
		struct seccomp_notif_resp answer;
		uint8_t room[512];
	} response = { .room = { 0 } };

	/* syscall(2), because ioctl's request is an int in musl and an unsigned long in glibc. */
	if (syscall(SYS_ioctl, source->fd, SECCOMP_IOCTL_NOTIF_RECV, &request.notice) < 0)
		return errno == EINTR || errno == ENOENT;
	response.answer.id = request.notice.id;
	if (shim->plan.seccomp_mode == SECCOMP_TRACE) {
		trace_record(shim, &request.notice);
		response.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	} else {
		record(shim, &request.notice);
		response.answer.error = -(int)shim->plan.seccomp_errno;
	}
	/* ENOENT: the caller was killed meanwhile. */
	(void)syscall(SYS_ioctl, source->fd, SECCOMP_IOCTL_NOTIF_SEND, &response.answer);
	return true;
}

static void notice_ready(struct shim *shim, struct source *source, short revents)
{
	struct pollfd polled = { .fd = source->fd, .events = POLLIN };

	for (int turn = 0; (revents & POLLIN) != 0 && turn < TURN; turn++) {
		if (!answer(shim, source))
			break;
		polled.revents = 0;
		if (poll(&polled, 1, 0) < 1)
			return;
		revents = polled.revents;
	}
	/* No process is left under the filter. */
	if ((revents & (POLLHUP | POLLERR)) != 0)
		close_fd(&source->fd);
}

void notice_watch(struct source *source, int listener)
{
	*source = (struct source){ .fd = listener, .events = POLLIN, .ready = notice_ready };
}

int notice_fetch(struct source *source, int pidfd, int listener)
{
	int fd = sys_pidfd_getfd(pidfd, listener);

	if (fd < 0)
		return -errno;
	notice_watch(source, fd);
	return 0;
}

/* Formats one line. Returns its length. */
static size_t describe(const struct denial *denial, char *text, size_t capacity)
{
	int length = snprintf(text, capacity,
			      "{\"program\":\"%s\",\"architecture\":%" PRIu32 ",\"number\":%" PRId32
			      ",\"argument\":%" PRIu64 ",\"count\":%" PRIu64 ",\"first\":%" PRIu64
			      ",\"last\":%" PRIu64 "}\n",
			      denial->program, denial->architecture, denial->number,
			      denial->argument, denial->count, denial->first, denial->last);

	return length < 0 || (size_t)length >= capacity ? 0 : (size_t)length;
}

void notice_send(const struct shim *shim, struct connection *connection)
{
	uint8_t bytes[LINE + FRAME_HEADER];
	struct writer writer;
	size_t frame;

	for (size_t i = 0; i < shim->denial_count; i++) {
		char line[LINE];
		size_t length = describe(&shim->denials[i], line, sizeof(line));

		writer = (struct writer){ .data = bytes, .capacity = sizeof(bytes) };
		frame = frame_begin(&writer, ANSWER_DENIAL);
		write_raw(&writer, (const uint8_t *)line, length);
		frame_end(&writer, frame);
		connection_send(connection, &writer);
	}
	writer = (struct writer){ .data = bytes, .capacity = sizeof(bytes) };
	frame = frame_begin(&writer, ANSWER_END);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

void notice_write(const struct shim *shim)
{
	owned_fd fd = -1;

	if (shim->denial_count == 0)
		return;
	fd = openat(shim->directory_fd, "denials.json",
		    O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	for (size_t i = 0; fd >= 0 && i < shim->denial_count; i++) {
		char line[LINE];

		(void)!write(fd, line, describe(&shim->denials[i], line, sizeof(line)));
	}
	if (fd >= 0 && shim->owner != geteuid())
		(void)!fchown(fd, shim->owner, shim->group);
}
