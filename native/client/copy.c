#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "copy/beneath.h"
#include "copy/files_only.h"
#include "copy/pack.h"
#include "copy/printable.h"
#include "copy/unpack.h"
#include "frame.h"

/* The child's end of the stream, its only descriptor besides the standard ones. */
#define STREAM_FD 3
/* How many lines of the process in the container are shown. */
#define LINES_MAX 64

/* How long the child may take to remove an incomplete file: it may be blocked writing to a terminal
 * that nobody reads. */
#define CLEANUP_MS 5000
#define KILL_MS 1000
#define TICK_MS 10

/* Exit codes of the child. */
enum { WHOLE = 0, IN_PART = 1, BROKEN = 2 };

static struct report report;

/* Like Docker: an argument that begins with a slash or a dot is a path on the host, whatever colons
 * it contains. */
static const char *path_inside(const char *argument)
{
	const char *colon = strchr(argument, ':');

	return colon == NULL || argument[0] == '/' || argument[0] == '.' ? NULL : colon + 1;
}

static bool take_option(struct copy *copy, const char *argument)
{
	if (strcmp(argument, "--archive") == 0) {
		copy->keep = true;
		return true;
	}
	if (strcmp(argument, "--verbose") == 0) {
		copy->verbose = true;
		return true;
	}
	for (const char *at = argument + 1; *at != '\0'; at++) {
		copy->keep |= *at == 'a';
		copy->verbose |= *at == 'v';
		if (*at != 'a' && *at != 'v')
			return false;
	}
	return true;
}

void copy_parse(struct copy *copy, int count, char *const arguments[])
{
	const char *operands[2] = { NULL, NULL };
	size_t found = 0;
	bool options = true;

	*copy = (struct copy){ .wanted = count > 0 && strcmp(arguments[0], "cp") == 0,
			       .reports = -1 };
	for (int i = 1; copy->wanted && i < count; i++) {
		if (options && strcmp(arguments[i], "--") == 0) {
			options = false;
		} else if (options && arguments[i][0] == '-' && arguments[i][1] != '\0') {
			if (!take_option(copy, arguments[i]))
				return;
		} else if (found == 2) {
			return;
		} else {
			operands[found++] = arguments[i];
		}
	}
	if (found != 2 || (path_inside(operands[0]) == NULL) == (path_inside(operands[1]) == NULL))
		return;
	copy->in = path_inside(operands[1]) != NULL;
	copy->host = operands[copy->in ? 0 : 1];
	copy->inside = path_inside(operands[copy->in ? 1 : 0]);
	copy->understood = true;
}

static ssize_t read_from(int fd, void *bytes, size_t size)
{
	for (;;) {
		ssize_t got = read(fd, bytes, size);
		struct pollfd wait = { .fd = fd, .events = POLLIN };

		if (got >= 0)
			return got;
		if (errno == EAGAIN)
			(void)poll(&wait, 1, -1);
		else if (errno != EINTR)
			return -errno;
	}
}

static ssize_t read_stream(void *context, void *bytes, size_t size)
{
	(void)context;
	return read_from(STREAM_FD, bytes, size);
}

static ssize_t read_stdin(void *context, void *bytes, size_t size)
{
	(void)context;
	return read_from(STDIN_FILENO, bytes, size);
}

static int write_stream(void *context, const void *bytes, size_t length)
{
	(void)context;
	return write_all(STREAM_FD, bytes, length) < 0 ? -errno : 0;
}

static int write_stdout(void *context, const void *bytes, size_t length)
{
	(void)context;
	return write_all(STDOUT_FILENO, bytes, length) < 0 ? -errno : 0;
}

/* Restricts this process to writing beneath `directory`, or to writing no file if there is none,
 * whatever is in the archive. On a kernel without Landlock only the checks in unpack remain. */
static void write_only_beneath(int directory)
{
	static const unsigned int handled[] = { 0, 13, 14, 15, 15 }; /* rights by ABI version */
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
				  LANDLOCK_ACCESS_FS_MAKE_REG | 1ULL << 14 /* TRUNCATE */,
		.parent_fd = directory,
	};
	struct landlock_ruleset_attr attributes = { .handled_access_fs = 0 };
	int version = sys_landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	owned_fd ruleset = -1;

	if (version < 1)
		return;
	version = version < 4 ? version : 4;
	attributes.handled_access_fs = (1ULL << handled[version]) - 1;
	rule.allowed_access &= attributes.handled_access_fs;
	/* The structure of ABI version 1, which all versions accept. */
	ruleset = sys_landlock_create_ruleset(&attributes, sizeof(uint64_t), 0);
	if (ruleset < 0)
		return;
	if (directory >= 0)
		(void)sys_landlock_add_rule(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)sys_landlock_restrict_self(ruleset, 0);
}

static int refuse(const char *path, int error)
{
	report_fatal(&report, "can't copy '%s': %s", path,
		     error == ELOOP
			     ? "it is a symbolic link, and links are not followed: name what "
			       "it leads to"
		     : error == EINVAL ? "it is neither a file nor a directory"
				       : strerror(error));
	return BROKEN;
}

/* Reports how the archive ended, and returns the child's exit code. */
static int conclude(int result, const char *source)
{
	if (result == -ENODATA && report.files > 0)
		report_fatal(&report, "%s ended early: the copy is incomplete", source);
	else if (result == -EBADMSG)
		report_fatal(&report, "%s is not a tar archive, or is damaged", source);
	else if (result == -E2BIG)
		report_fatal(&report, "%s has too many files", source);
	else if (result < 0 && result != -EPIPE && result != -ENODATA)
		report_fatal(&report, "the copy was aborted: %s", strerror(-result));
	report_end(&report);
	/* The other end has ended the copy, and reports why. */
	if (result == -EPIPE || result == -ENODATA)
		return IN_PART;
	return result < 0 ? BROKEN : report.failed > 0 ? IN_PART : WHOLE;
}

/* The name under which the packer in the container sends it: the last component of its path. */
static void source_name(const char *path, char name[BASE_SIZE])
{
	struct split split;

	(void)snprintf(name, BASE_SIZE, "%s", path_split(path, &split) < 0 ? "" : split.base);
}

static mode_t creation_mask(void)
{
	mode_t mask = umask(077);

	(void)umask(mask);
	return mask;
}

static int take_out(const struct copy *copy)
{
	static struct tar_reader reader;
	static struct tar_writer writer;
	static const char source[] = "the archive from the container";
	struct destination destination = { .directory = -1 };
	const struct unpacking unpacking = { .reader = &reader,
					     .report = &report,
					     .destination = &destination,
					     .keep = copy->keep,
					     .mask = creation_mask() };
	bool archive = strcmp(copy->host, "-") == 0;
	char name[BASE_SIZE];
	int result;

	writer.drain = write_stdout;
	reader.fill = read_stream;
	source_name(copy->inside, name);
	if (archive) {
		memcpy(destination.from, name, sizeof(name));
		memcpy(destination.name, name, sizeof(name));
	} else {
		struct split split;
		owned_fd parent = -1;

		result = path_split(copy->host, &split);
		if (result == 0)
			parent = openat(AT_FDCWD, split.parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (result == 0)
			result = parent < 0 ? -errno
					    : destination_open(parent, &split, name, false,
							       &destination);
		if (result < 0)
			return refuse(copy->host, -result);
	}
	write_only_beneath(destination.directory);
	result = files_only();
	if (result == 0)
		result = archive ? repack(&unpacking, &writer) : unpack(&unpacking);
	if (archive && result == -EPIPE) {
		report_fatal(&report, "can't write to standard output: %s", strerror(EPIPE));
		return BROKEN;
	}
	return conclude(result, source);
}

/* The writer of an archive may pad it to a full record. */
static void drain_stdin(void)
{
	static uint8_t rest[4096];

	while (read_from(STDIN_FILENO, rest, sizeof(rest)) > 0)
		continue;
}

static int send_archive(const struct copy *copy, struct tar_writer *writer)
{
	static struct tar_reader reader;
	static const struct destination anywhere = { .directory = -1 };
	const struct unpacking unpacking = { .reader = &reader,
					     .report = &report,
					     .destination = &anywhere,
					     .links = true,
					     .keep = copy->keep };
	int result = files_only();

	reader.fill = read_stdin;
	if (result == 0)
		result = repack(&unpacking, writer);
	if (result == 0)
		drain_stdin();
	if (result == -ENODATA && report.files == 0)
		report_fatal(
			&report,
			"standard input ended before the first file of a tar archive was complete");
	return conclude(result, "standard input");
}

static int put_in(const struct copy *copy)
{
	static struct tar_writer writer;
	const struct packing packing = {
		.writer = &writer, .report = &report, .links = true, .keep = copy->keep
	};
	owned_fd parent = -1;
	struct split split;
	struct stat status = { .st_mode = S_IFDIR };
	int result;

	writer.drain = write_stream;
	if (strcmp(copy->host, "-") == 0)
		return send_archive(copy, &writer);
	result = path_split(copy->host, &split);
	if (result == 0)
		parent = openat(AT_FDCWD, split.parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (result == 0 &&
	    (parent < 0 || (split.base[0] != '\0' &&
			    fstatat(parent, split.base, &status, AT_SYMLINK_NOFOLLOW) < 0)))
		result = -errno;
	if (result == 0 && split.base[0] != '\0') {
		result = S_ISLNK(status.st_mode)                                ? -ELOOP
			 : S_ISREG(status.st_mode) && split.directory           ? -ENOTDIR
			 : !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) ? -EINVAL
										: 0;
	}
	if (result < 0)
		return refuse(copy->host, -result);
	result = files_only();
	if (result == 0)
		result = pack(&packing, parent, split.base);
	if (result == 0)
		result = tar_write_end(&writer);
	return conclude(result, "");
}

static _Noreturn void run_child(const struct copy *copy, int stream, pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	unpack_catch_signals();
	if (getppid() != parent)
		_exit(BROKEN);
	/* Closes the client's other descriptors: its connections must close when it exits. */
	if (dup2(stream, STREAM_FD) < 0 || sys_close_range(STREAM_FD + 1, ~0U, 0) < 0) {
		for (int fd = STREAM_FD + 1; fd < 64; fd++)
			(void)close(fd);
	}
	report.progress = copy->verbose           ? PROGRESS_NAMES
			  : isatty(STDERR_FILENO) ? PROGRESS_TERMINAL
						  : PROGRESS_NONE;
	_exit(copy->in ? put_in(copy) : take_out(copy));
}

static void report_error(const struct copy *copy, const char *text)
{
	copy->write_error(copy->context, text, strlen(text));
}

bool copy_begin(struct copy *copy, struct streams *streams, bool with_input)
{
	owned_fd stream = copy->in ? release(&streams->in.to) : release(&streams->out.from);
	pid_t parent = getpid();
	pid_t child = -1;

	copy->reports = release(&streams->err.from);
	streams->in.from = -1;
	close_fd(&streams->in.to);
	close_fd(&streams->out.from);
	if (!copy->understood || copy->in != with_input || stream < 0) {
		report_error(copy, "nucleus: the manager and this client disagree on what to copy: "
				   "are they the same version?\n");
		return false;
	}
	(void)signal(SIGCHLD, SIG_DFL);
	child = fork();
	if (child == 0)
		run_child(copy, stream, parent);
	if (child < 0) {
		report_error(copy, "nucleus: can't copy: creating a process failed\n");
		return false;
	}
	copy->child = child;
	return true;
}

struct pollfd copy_poll(const struct copy *copy)
{
	return (struct pollfd){ .fd = copy->reports, .events = POLLIN };
}

/* The process in the container is ours, but under gVisor its output passes through runsc. */
static void show_line(struct copy *copy)
{
	static const char erase[] = "\r\033[K";
	char shown[sizeof(copy->line) + 8];
	size_t length = printable(shown, sizeof(shown) - 1, copy->line, copy->length);

	if (copy->length == 0 || ++copy->lines > LINES_MAX)
		return;
	memcpy(shown + length, "\n", 2);
	if (isatty(STDERR_FILENO) != 0)
		report_error(copy, erase);
	copy->write_error(copy->context, shown, length + 1);
}

void copy_move(struct copy *copy, const struct pollfd *polled)
{
	char bytes[4096];
	ssize_t got;

	if (copy->reports < 0 || polled->revents == 0)
		return;
	got = read(copy->reports, bytes, sizeof(bytes));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] == '\n') {
			show_line(copy);
			copy->length = 0;
		} else if (copy->length < sizeof(copy->line)) {
			copy->line[copy->length++] = bytes[i];
		}
	}
	if (got <= 0) {
		show_line(copy);
		close_fd(&copy->reports);
	}
}

bool copy_reap(struct copy *copy)
{
	int status;

	if (copy->child == 0 || waitpid(copy->child, &status, WNOHANG) != copy->child)
		return false;
	copy->child = 0;
	copy->code = WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN;
	return copy->code != WHOLE && copy->code != IN_PART;
}

bool copy_ended(const struct copy *copy)
{
	return copy->child == 0 && copy->reports < 0;
}

/* Whether the child exits within ms. A pidfd wakes the wait early; without one the child is checked
 * every TICK_MS. */
static bool has_ended(const struct copy *copy, int ms)
{
	owned_fd pidfd = (int)syscall(SYS_pidfd_open, copy->child, 0);
	struct pollfd child = { .fd = pidfd, .events = POLLIN };

	for (int waited = 0; waited < ms; waited += TICK_MS) {
		if (waitpid(copy->child, NULL, WNOHANG) != 0)
			return true;
		(void)poll(&child, 1, TICK_MS);
	}
	return false;
}

void copy_stop(struct copy *copy)
{
	if (copy->child == 0)
		return;
	copy->code = BROKEN;
	(void)kill(copy->child, SIGTERM);
	/* It may have been stopped with this client. */
	(void)kill(copy->child, SIGCONT);
	if (!has_ended(copy, CLEANUP_MS)) {
		(void)kill(copy->child, SIGKILL);
		/* A disk that does not respond delays even SIGKILL. */
		(void)has_ended(copy, KILL_MS);
	}
	copy->child = 0;
}

int copy_code(const struct copy *copy, int code)
{
	if (!copy->wanted)
		return code;
	if (code == 128 + SIGKILL) {
		report_error(copy,
			     "nucleus: the copy is incomplete: its process in the container was "
			     "killed, because the container ended or ran out of memory\n");
		return 1;
	}
	return code != 0 ? code : copy->code == WHOLE ? 0 : 1;
}
