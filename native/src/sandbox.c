#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "descriptors.h"
#include "exec.h"
#include "relay.h"
#include "rootfs.h"
#include "syscalls.h"

/* How long the runtime may take to deliver a signal, in ms. */
#define SIGNAL_TIMEOUT 10000
/* What the runtime's hook makes in the bundle when the workload runs. */
#define STARTED "started"

static int write_file(int directory_fd, const char *name, const uint8_t *content, size_t length)
{
	owned_fd fd = openat(directory_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	return write_whole(fd, content, length);
}

int sandbox_furnish(const struct plan *plan, struct failure *failure)
{
	const uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	owned_fd bundle = -1;
	int result = rootfs_mount("proc", "", attributes, "/proc");

	if (result < 0)
		return fail(failure, STEP_ROOTFS, -result, "mount a /proc for the runtime");
	result = rootfs_mount("tmpfs", "size=16M,mode=700", attributes, plan->directory);
	if (result < 0)
		return fail(failure, STEP_ROOTFS, -result, "mount the bundle at %s",
			    plan->directory);
	bundle = openat(AT_FDCWD, plan->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	result = bundle < 0 ? -errno
			    : write_file(bundle, "config.json", plan->sandbox.config,
					 plan->sandbox.config_length);
	if (result < 0)
		return fail(failure, STEP_ROOTFS, -result, "write the bundle at %s",
			    plan->directory);
	return 0;
}

/* The bundle, which lies in the container's mount namespace. */
static int open_bundle(const struct shim *shim)
{
	char path[4096 + 64];
	int length = snprintf(path, sizeof(path), "/proc/%d/root%s", shim->pid,
			      shim->plan.directory);
	int fd = length >= (int)sizeof(path)
			 ? -1
			 : openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Whether its word is among what is to be read. */
static bool has_started(int inotify_fd)
{
	_Alignas(struct inotify_event) char events[4096];
	ssize_t got;

	while ((got = read(inotify_fd, events, sizeof(events))) > 0) {
		for (const char *at = events; at < events + got;) {
			const struct inotify_event *event =
				(const struct inotify_event *)(const void *)at;

			if (event->len > 0 && strcmp(event->name, STARTED) == 0)
				return true;
			at += sizeof(*event) + event->len;
		}
	}
	return false;
}

static void word_ready(struct shim *shim, struct source *source, short revents)
{
	(void)revents;
	if (!has_started(source->fd))
		return;
	close_fd(&source->fd);
	shim->sandbox_started(shim);
}

void sandbox_await(struct shim *shim, void (*started)(struct shim *shim))
{
	char path[64];
	owned_fd bundle = open_bundle(shim);
	owned_fd inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int result = bundle < 0 ? bundle : inotify < 0 ? -errno : 0;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", bundle);
	if (result == 0 && inotify_add_watch(inotify, path, IN_CREATE) < 0)
		result = -errno;
	if (result < 0) {
		shim->report.failed = true;
		(void)fail(&shim->report.failure, STEP_EXEC, -result, "watch the runtime's bundle");
		return;
	}
	shim->sandbox_started = started;
	if (faccessat(bundle, STARTED, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		started(shim);
		return;
	}
	shim->status = (struct source){ release(&inotify), POLLIN, word_ready };
}

/* The last line of the output, which is the runtime's complaint. */
static void last_words(const struct shim *shim, char *text, size_t size)
{
	uint64_t offset = shim->log.end > 4096 ? shim->log.end - 4096 : 0;
	char tail[4096 + 1];
	owned_fd file = -1;
	uint64_t segment = 0;
	long got = stream_read(&shim->log, &offset, &file, &segment, tail, sizeof(tail) - 1);
	const char *line = tail;
	char *end;

	(void)snprintf(text, size, "the runtime ended before the command ran");
	if (got <= 0)
		return;
	tail[got] = '\0';
	end = strrchr(tail, '\n');
	if (end != NULL)
		*end = '\0';
	if (strrchr(tail, '\n') != NULL)
		line = strrchr(tail, '\n') + 1;
	/* Time, stream and tag of the log's format, a space after each. */
	for (int i = 0; i < 3 && strchr(line, ' ') != NULL; i++)
		line = strchr(line, ' ') + 1;
	if (*line != '\0')
		(void)snprintf(text, size, "%.*s", (int)size - 1, line);
}

void sandbox_conclude(struct shim *shim)
{
	char words[200];

	if (shim->status.fd < 0 || shim->status.ready != word_ready)
		return;
	word_ready(shim, &shim->status, POLLIN);
	if (shim->status.fd < 0)
		return;
	close_fd(&shim->status.fd);
	last_words(shim, words, sizeof(words));
	shim->report.failed = true;
	/* As a shell has it: what is not there is told apart from what can't be run. */
	(void)fail(&shim->report.failure, STEP_EXEC,
		   strstr(words, "no such file") != NULL || strstr(words, "not found") != NULL
			   ? ENOENT
			   : ECHILD,
		   "%s", words);
}

static size_t count_of(char *const vector[])
{
	size_t count = 0;

	while (vector[count] != NULL)
		count++;
	return count;
}

/* "prefix" and "value" as one word of the arena's. */
static char *word(void **arena, const char *prefix, const char *value)
{
	size_t size = strlen(prefix) + strlen(value) + 1;
	char *text = arena_take(arena, size, 1);

	if (text != NULL)
		(void)snprintf(text, size, "%s%s", prefix, value);
	return text;
}

static void pid_file_name(char *name, size_t size, uint32_t exec_id)
{
	(void)snprintf(name, size, "exec-%u.pid", exec_id);
}

int sandbox_exec(const struct shim *shim, struct exec_request *request, uint32_t id)
{
	const struct plan *plan = &shim->plan;
	size_t variables = count_of(request->envp);
	size_t words = count_of(plan->sandbox.exec) + variables + count_of(request->argv) + 4;
	char **argv = arena_take(&request->arena, words, sizeof(*argv));
	char file[32];
	char *prefix;
	size_t at = 0;

	if (argv == NULL)
		return -ENOMEM;
	for (char *const *from = plan->sandbox.exec; *from != NULL; from++)
		argv[at++] = *from;
	pid_file_name(file, sizeof(file), id);
	prefix = word(&request->arena, "--internal-pid-file=", plan->directory);
	prefix = prefix == NULL ? NULL : word(&request->arena, prefix, "/");
	argv[at++] = prefix == NULL ? NULL : word(&request->arena, prefix, file);
	if (request->workdir[0] != '\0')
		argv[at++] = word(&request->arena, "--cwd=", request->workdir);
	for (size_t i = 0; i < variables; i++)
		argv[at++] = word(&request->arena, "--env=", request->envp[i]);
	argv[at++] = (char *)(uintptr_t)plan->id;
	for (char *const *from = request->argv; *from != NULL; from++)
		argv[at++] = *from;
	for (size_t i = 0; i < at; i++) {
		if (argv[i] == NULL)
			return -ENOMEM;
	}
	request->argv = argv;
	request->envp = plan->envp;
	request->workdir = plan->workdir;
	return 0;
}

/* The number that a process beside the workload has inside, as the runtime wrote it. */
static long pid_inside(const struct shim *shim, uint32_t exec_id)
{
	char text[32] = "";
	owned_fd bundle = open_bundle(shim);
	owned_fd fd = -1;
	long pid;

	pid_file_name(text, sizeof(text), exec_id);
	fd = bundle < 0 ? -1 : openat(bundle, text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	memset(text, 0, sizeof(text));
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -ESRCH;
	pid = strtol(text, NULL, 10);
	return pid > 0 ? pid : -ESRCH;
}

void sandbox_forget(const struct shim *shim, uint32_t exec_id)
{
	char name[32];
	owned_fd bundle = open_bundle(shim);

	pid_file_name(name, sizeof(name), exec_id);
	if (bundle >= 0)
		(void)unlinkat(bundle, name, 0);
}

int sandbox_signal(struct shim *shim, uint32_t exec_id, int number)
{
	struct exec_request request = { .capture = true,
					.timeout = SIGNAL_TIMEOUT,
					.stdio_fd = -1 };
	char process[32];
	char name[16];
	size_t at = count_of(shim->plan.sandbox.kill);
	char **argv = arena_take(&request.arena, at + 4, sizeof(*argv));
	long pid = exec_id == 0 ? 0 : pid_inside(shim, exec_id);
	int result;

	if (argv == NULL || pid < 0) {
		arena_free(&request.arena);
		return argv == NULL ? -ENOMEM : (int)pid;
	}
	memcpy(argv, shim->plan.sandbox.kill, at * sizeof(*argv));
	(void)snprintf(process, sizeof(process), "--pid=%ld", pid);
	(void)snprintf(name, sizeof(name), "%d", number);
	if (exec_id != 0)
		argv[at++] = process;
	argv[at++] = (char *)(uintptr_t)shim->plan.id;
	argv[at] = name;
	request.argv = argv;
	request.envp = shim->plan.envp;
	request.workdir = shim->plan.workdir;
	result = exec_run(shim, &request);
	arena_free(&request.arena);
	return result;
}

int sandbox_dial(struct shim *shim, uint16_t port)
{
	char number[8];
	char relay[] = RELAY_PATH;
	char role[] = RELAY_ROLE;
	char *argv[] = { relay, role, number, NULL };
	char *envp[] = { NULL };
	struct exec_request request = {
		.capture = true, .workdir = "/", .argv = argv, .envp = envp, .stdio_fd = -1
	};
	owned_fd here = -1;
	owned_fd there = -1;
	int pair[2];
	int result;

	(void)snprintf(number, sizeof(number), "%u", port);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	here = pair[0];
	there = pair[1];
	(void)fcntl(here, F_SETFL, O_NONBLOCK);
	request.stdio_fd = there;
	result = sandbox_exec(shim, &request, shim->next_exec + 1);
	if (result == 0)
		result = exec_run(shim, &request);
	arena_free(&request.arena);
	return result < 0 ? result : release(&here);
}
