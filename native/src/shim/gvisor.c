#include "shim/gvisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/json.h"
#include "base/syscalls.h"
#include "launch/gvisor_root.h"
#include "launch/host_path.h"
#include "shim/copy.h"
#include "shim/output.h"
#include "shim/relay.h"

/* The file that the runtime's hook creates in the bundle when the workload runs. */
#define STARTED "started"

/* Opens the bundle in the runtime's root. The container can change no component of this path. */
static int open_bundle(const struct shim *shim)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/root%s", shim->pid, GVISOR_BUNDLE);
	fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Whether the pending events show that the hook has created STARTED. */
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

static void started_ready(struct shim *shim, struct source *source, short revents)
{
	(void)revents;
	if (!has_started(source->fd))
		return;
	close_fd(&source->fd);
	shim->gvisor_started(shim);
}

void gvisor_await(struct shim *shim, void (*started)(struct shim *shim))
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
	shim->gvisor_started = started;
	if (faccessat(bundle, STARTED, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		started(shim);
		return;
	}
	shim->status = (struct source){ release(&inotify), POLLIN, started_ready };
}

/* The last line of the output, which is the runtime's error message. */
static void last_error_line(const struct shim *shim, char *text, size_t size)
{
	uint64_t offset = shim->log.end > 4096 ? shim->log.end - 4096 : 0;
	char tail[4096 + 1];
	owned_fd file = -1;
	uint64_t segment = 0;
	long got = stream_read(&shim->log, &offset, &file, &segment, tail, sizeof(tail) - 1);
	const char *line = tail;
	char *end;

	(void)snprintf(text, size, "the runtime exited before the command ran");
	if (got <= 0)
		return;
	tail[got] = '\0';
	end = strrchr(tail, '\n');
	if (end != NULL)
		*end = '\0';
	if (strrchr(tail, '\n') != NULL)
		line = strrchr(tail, '\n') + 1;
	/* Skip the time, stream and tag of the log's format, each followed by a space. */
	for (int i = 0; i < 3 && strchr(line, ' ') != NULL; i++)
		line = strchr(line, ' ') + 1;
	if (*line != '\0')
		(void)snprintf(text, size, "%.*s", (int)size - 1, line);
}

void gvisor_conclude(struct shim *shim)
{
	char words[200];

	if (shim->status.fd < 0 || shim->status.ready != started_ready)
		return;
	started_ready(shim, &shim->status, POLLIN);
	if (shim->status.fd < 0)
		return;
	close_fd(&shim->status.fd);
	/* No client will attach to read the runtime's output. */
	shim->out.awaited = shim->err.awaited = false;
	output_finish(shim, &shim->out);
	output_finish(shim, &shim->err);
	last_error_line(shim, words, sizeof(words));
	shim->report.failed = true;
	/* As in a shell, a missing command is distinguished from one that can't be run. */
	(void)fail(&shim->report.failure, STEP_EXEC,
		   strstr(words, "no such file") != NULL || strstr(words, "not found") != NULL
			   ? ENOENT
			   : ECHILD,
		   "%s", words);
}

size_t gvisor_count(char *const vector[])
{
	size_t count = 0;

	while (vector[count] != NULL)
		count++;
	return count;
}

static void pid_file_name(char *name, size_t size, uint32_t exec_id)
{
	(void)snprintf(name, size, "exec-%u.pid", exec_id);
}

/* Writes the process object that the runtime reads for an exec to a memfd, which disappears with
 * its last descriptor. A descriptor, or a negative errno. */
static int describe_process(const struct plan *plan, const struct exec_request *request)
{
	owned_fd fd = memfd_create("process", MFD_CLOEXEC);
	struct json json = { .fd = fd };
	int result;

	if (fd < 0)
		return -errno;
	json_text(&json, plan->gvisor.process);
	json_text(&json, request->terminal ? ",\"terminal\":true" : ",\"terminal\":false");
	json_text(&json, ",\"args\":");
	json_strings(&json, request->argv);
	json_text(&json, ",\"env\":");
	json_strings(&json, request->envp);
	/* Default: the workload's directory. */
	if (request->workdir[0] != '\0') {
		json_text(&json, ",\"cwd\":");
		json_string(&json, request->workdir);
	}
	json_text(&json, "}");
	result = json_finish(&json);
	return result < 0 ? result : release(&fd);
}

/* Formats a string in the arena, like printf(3). NULL: too long, or no memory. */
__attribute__((format(printf, 2, 3))) static char *word(void **arena, const char *format, ...)
{
	char text[PATH_MAX];
	va_list values;
	int length;
	char *copy;

	va_start(values, format);
	length = vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	if (length < 0 || length >= (int)sizeof(text))
		return NULL;
	copy = arena_take(arena, (size_t)length + 1, 1);
	if (copy != NULL)
		memcpy(copy, text, (size_t)length + 1);
	return copy;
}

int gvisor_exec(const struct shim *shim, struct exec_request *request, uint32_t id)
{
	const struct plan *plan = &shim->plan;
	size_t count = gvisor_count(plan->gvisor.exec);
	char **argv = arena_take(&request->arena, count + 4, sizeof(*argv));
	owned_fd process = argv == NULL ? -ENOMEM : describe_process(plan, request);
	char file[32];

	if (process < 0)
		return process;
	memcpy(argv, plan->gvisor.exec, count * sizeof(*argv));
	pid_file_name(file, sizeof(file), id);
	argv[count] = word(&request->arena, "--internal-pid-file=" GVISOR_BUNDLE "/%s", file);
	argv[count + 1] = word(&request->arena, "--process=/proc/self/fd/%d", process);
	argv[count + 2] = (char *)(uintptr_t)plan->id;
	if (argv[count] == NULL || argv[count + 1] == NULL)
		return -ENOMEM;
	request->argv = argv;
	request->envp = plan->envp;
	request->workdir = plan->workdir;
	request->process_fd = release(&process);
	return 0;
}

long gvisor_pid(const struct shim *shim, uint32_t exec_id)
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

void gvisor_forget(const struct shim *shim, uint32_t exec_id)
{
	char name[32];
	owned_fd bundle = open_bundle(shim);

	pid_file_name(name, sizeof(name), exec_id);
	if (bundle >= 0)
		(void)unlinkat(bundle, name, 0);
}

/* The command that runs this program inside, in a role. NULL: no memory. */
static char **in_role(void **arena, char *role, char *const argv[])
{
	static char path[] = RELAY_PATH;
	size_t count = gvisor_count(argv);
	char **confined = arena_take(arena, count + 3, sizeof(*confined));

	if (confined == NULL)
		return NULL;
	confined[0] = path;
	confined[1] = role;
	memcpy(&confined[2], argv, count * sizeof(*argv));
	return confined;
}

char **gvisor_confined(void **arena, char *const argv[])
{
	static char role[] = CONFINED_ROLE;

	return in_role(arena, role, argv);
}

char **gvisor_copying(void **arena, char *const argv[])
{
	static char role[] = COPY_ROLE;

	return in_role(arena, role, argv);
}
