#include "shim/trace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/descriptors.h"

#define CALLS 1024       /* system call numbers that are counted */
#define SLOTS (1U << 16) /* of the set of lines already written; a power of two */
#define MAX_BYTES (16U << 20)
#define FULL "{\"full\":true}\n" /* the last line of an incomplete record */
#define ARGUMENTS 6
#define NONE (-1)

struct trace {
	int fd;
	size_t bytes;
	size_t used;
	bool full;
	uint64_t counts[CALLS];
	uint64_t seen[SLOTS]; /* hashes of lines; 0: free */
};

/* The argument positions of a call that opens, executes or changes a file. Calls that only read
 * metadata are not listed: no Landlock rule covers them. */
struct path_call {
	int number;
	int directory; /* index of the descriptor that the path is relative to, or NONE */
	int path;
	int flags; /* index of its open flags, or NONE */
};

static const struct path_call path_calls[] = {
	{ SYS_open, NONE, 0, 1 },        { SYS_creat, NONE, 0, NONE },
	{ SYS_openat, 0, 1, 2 },         { SYS_openat2, 0, 1, NONE },
	{ SYS_execve, NONE, 0, NONE },   { SYS_execveat, 0, 1, NONE },
	{ SYS_truncate, NONE, 0, NONE }, { SYS_mkdir, NONE, 0, NONE },
	{ SYS_mkdirat, 0, 1, NONE },     { SYS_rmdir, NONE, 0, NONE },
	{ SYS_unlink, NONE, 0, NONE },   { SYS_unlinkat, 0, 1, NONE },
	{ SYS_mknod, NONE, 0, NONE },    { SYS_mknodat, 0, 1, NONE },
	{ SYS_symlink, NONE, 1, NONE },  { SYS_symlinkat, 1, 2, NONE },
	{ SYS_link, NONE, 0, NONE },     { SYS_link, NONE, 1, NONE },
	{ SYS_linkat, 0, 1, NONE },      { SYS_linkat, 2, 3, NONE },
	{ SYS_rename, NONE, 0, NONE },   { SYS_rename, NONE, 1, NONE },
	{ SYS_renameat, 0, 1, NONE },    { SYS_renameat, 2, 3, NONE },
	{ SYS_renameat2, 0, 1, NONE },   { SYS_renameat2, 2, 3, NONE },
};

static struct trace *opened(struct shim *shim)
{
	if (shim->trace != NULL)
		return shim->trace;
	shim->trace = calloc(1, sizeof(*shim->trace));
	if (shim->trace == NULL)
		return NULL;
	shim->trace->fd = openat(shim->directory_fd, "trace.json",
				 O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (shim->trace->fd >= 0 && shim->owner != geteuid())
		(void)!fchown(shim->trace->fd, shim->owner, shim->group);
	return shim->trace;
}

/* FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). */
static uint64_t hash(const char *text, size_t length)
{
	uint64_t value = 0xcbf29ce484222325U;

	for (size_t i = 0; i < length; i++)
		value = (value ^ (uint8_t)text[i]) * 0x100000001b3U;
	return value == 0 ? 1 : value;
}

/* Adds a line to the set. True: it is new, and there is room for it. */
static bool add(struct trace *trace, const char *line, size_t length)
{
	uint64_t value = hash(line, length);
	size_t at = value & (SLOTS - 1);

	while (trace->seen[at] != 0) {
		if (trace->seen[at] == value)
			return false;
		at = (at + 1) & (SLOTS - 1);
	}
	if (trace->used > SLOTS - SLOTS / 4 || trace->bytes + length > MAX_BYTES) {
		trace->full = true;
		return false;
	}
	trace->seen[at] = value;
	trace->used++;
	trace->bytes += length;
	return true;
}

static void put(struct trace *trace, const char *line, int length, size_t capacity)
{
	if (length > 0 && (size_t)length < capacity && trace->fd >= 0 &&
	    add(trace, line, (size_t)length))
		(void)!write(trace->fd, line, (size_t)length);
}

/* Reads memory of a process that is blocked in a call. Its other threads may change that memory
 * meanwhile, which does no harm: nothing is decided by it. */
static ssize_t read_memory(uint32_t pid, uint64_t address, void *buffer, size_t size)
{
	char path[64];
	owned_fd fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%u/mem", pid);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : pread(fd, buffer, size, (off_t)address);
}

/* Reads a string up to its NUL. It may end just before unmapped memory. */
static bool read_text(uint32_t pid, uint64_t address, char *buffer, size_t size)
{
	ssize_t got = read_memory(pid, address, buffer, size);

	if (got <= 0) {
		size_t left = 4096 - (address & 4095);

		got = read_memory(pid, address, buffer, left < size ? left : size);
	}
	return got > 0 && memchr(buffer, '\0', (size_t)got) != NULL;
}

/* The directory that a relative path is relative to, as a path in the container. */
static bool read_directory(uint32_t pid, int64_t descriptor, char *buffer, size_t size)
{
	char path[64];
	ssize_t length;

	if (descriptor == AT_FDCWD)
		(void)snprintf(path, sizeof(path), "/proc/%u/cwd", pid);
	else
		(void)snprintf(path, sizeof(path), "/proc/%u/fd/%d", pid, (int)descriptor);
	length = readlink(path, buffer, size - 1);
	if (length <= 0 || buffer[0] != '/')
		return false;
	buffer[length] = '\0';
	return true;
}

/* Escapes text for a JSON string. False: it does not fit. */
static bool quote(const char *text, char *out, size_t size)
{
	size_t at = 0;

	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;
		bool plain = byte >= ' ' && byte != '"' && byte != '\\' && byte < 0x7f;
		int printed = plain ? snprintf(out + at, size - at, "%c", byte)
				    : snprintf(out + at, size - at, "\\u%04x", byte);

		if (printed < 0 || (size_t)printed >= size - at)
			return false;
		at += (size_t)printed;
	}
	return true;
}

static void record_path(struct trace *trace, const struct seccomp_notif *notice,
			const struct path_call *call)
{
	const uint64_t *arguments = (const uint64_t *)notice->data.args;
	int64_t directory_fd = call->directory == NONE
				       ? AT_FDCWD
				       : (int64_t)(int32_t)arguments[call->directory];
	char path[PATH_MAX];
	char directory[PATH_MAX];
	char quoted[2 * PATH_MAX];
	char quoted_directory[2 * PATH_MAX] = "";
	char line[5 * PATH_MAX];
	uint64_t flags = call->flags == NONE ? 0 : (uint32_t)arguments[call->flags];
	int length;

	if (!read_text(notice->pid, arguments[call->path], path, sizeof(path)) ||
	    !quote(path, quoted, sizeof(quoted)))
		return;
	if (path[0] != '/' &&
	    (!read_directory(notice->pid, directory_fd, directory, sizeof(directory)) ||
	     !quote(directory, quoted_directory, sizeof(quoted_directory))))
		return;
	length = snprintf(
		line, sizeof(line), "{\"number\":%d,\"path\":\"%s%s%s\",\"flags\":%" PRIu64 "}\n",
		notice->data.nr, quoted_directory, path[0] == '/' ? "" : "/", quoted, flags);
	put(trace, line, length, sizeof(line));
}

static void record_address(struct trace *trace, const struct seccomp_notif *notice, int at)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	} address = { .any = { 0 } };
	char text[INET6_ADDRSTRLEN] = "";
	char quoted[2 * sizeof(address.local.sun_path) + 8] = "";
	char line[512];
	int length;

	if (notice->data.args[at] == 0 ||
	    read_memory(notice->pid, notice->data.args[at], &address, sizeof(address)) <= 0)
		return;
	if (address.any.sa_family == AF_UNIX) {
		address.local.sun_path[sizeof(address.local.sun_path) - 1] = '\0';
		if (address.local.sun_path[0] != '/' ||
		    !quote(address.local.sun_path, quoted, sizeof(quoted)))
			return;
		length = snprintf(line, sizeof(line),
				  "{\"number\":%d,\"path\":\"%s\",\"flags\":0}\n", notice->data.nr,
				  quoted);
		put(trace, line, length, sizeof(line));
		return;
	}
	if (address.any.sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof(text));
	else if (address.any.sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof(text));
	else
		return;
	/* The port has the same offset in both. */
	length = snprintf(line, sizeof(line), "{\"number\":%d,\"address\":\"%s\",\"port\":%u}\n",
			  notice->data.nr, text, ntohs(address.v4.sin_port));
	put(trace, line, length, sizeof(line));
}

static void record_details(struct trace *trace, const struct seccomp_notif *notice)
{
	int number = notice->data.nr;

	for (size_t i = 0; i < sizeof(path_calls) / sizeof(path_calls[0]); i++) {
		if (path_calls[i].number == number)
			record_path(trace, notice, &path_calls[i]);
	}
	if (number == SYS_connect || number == SYS_bind)
		record_address(trace, notice, 1);
	else if (number == SYS_sendto)
		record_address(trace, notice, 4);
}

/* The arguments that show a call's purpose, as bits: those that the profiles in config/policies
 * have conditions for, and those that explain a call which no profile allows. Others may be
 * addresses, each of which would be a line of its own. */
static unsigned int telling_arguments(const struct seccomp_data *call)
{
	switch (call->nr) {
	case SYS_socket:
		return 1U << 0 | 1U << 1 | 1U << 2;
	case SYS_prctl:
		return call->args[0] == PR_SET_PDEATHSIG || call->args[0] == PR_SET_DUMPABLE ||
				       call->args[0] == PR_CAP_AMBIENT
			       ? 1U << 0 | 1U << 1
			       : 1U << 0;
	case SYS_socketpair:
	case SYS_clone:
	case SYS_personality:
	case SYS_unshare:
	case SYS_bpf:
		return 1U << 0;
	case SYS_ioctl:
	case SYS_fcntl:
	case SYS_setns:
		return 1U << 1;
	case SYS_mmap:
	case SYS_mprotect:
	case SYS_pkey_mprotect:
	case SYS_madvise:
	case SYS_shmat:
		return 1U << 2;
	case SYS_execveat:
		return 1U << 4;
	default:
		return 0;
	}
}

/* Formats those arguments as members of a JSON object, by index. False: they do not fit. */
static bool describe_arguments(const struct seccomp_data *call, char *out, size_t size)
{
	unsigned int telling = telling_arguments(call);
	const char *separator = "";
	size_t at = 0;

	for (unsigned int i = 0; i < ARGUMENTS; i++) {
		int printed;

		if ((telling & 1U << i) == 0)
			continue;
		printed = snprintf(out + at, size - at, "%s\"%u\":%" PRIu64, separator, i,
				   (uint64_t)call->args[i]);
		if (printed < 0 || (size_t)printed >= size - at)
			return false;
		at += (size_t)printed;
		separator = ",";
	}
	return true;
}

void trace_record(struct shim *shim, const struct seccomp_notif *notice)
{
	struct trace *trace = opened(shim);
	char arguments[ARGUMENTS * 32] = "";
	char line[sizeof(arguments) + 128];
	int length;

	if (trace == NULL)
		return;
	if (notice->data.nr >= 0 && notice->data.nr < CALLS)
		trace->counts[notice->data.nr]++;
	if (!describe_arguments(&notice->data, arguments, sizeof(arguments)))
		return;
	length = snprintf(line, sizeof(line),
			  "{\"number\":%d,\"architecture\":%" PRIu32 ",\"arguments\":{%s}}\n",
			  notice->data.nr, notice->data.arch, arguments);
	put(trace, line, length, sizeof(line));
	record_details(trace, notice);
}

void trace_finish(struct shim *shim)
{
	struct trace *trace = shim->trace;

	if (trace == NULL)
		return;
	for (int number = 0; number < CALLS; number++) {
		char line[96];
		int length = snprintf(line, sizeof(line), "{\"number\":%d,\"count\":%" PRIu64 "}\n",
				      number, trace->counts[number]);

		/* Written even if the record is full: each appears once. */
		if (trace->counts[number] > 0 && length > 0 && trace->fd >= 0)
			(void)!write(trace->fd, line, (size_t)length);
	}
	if (trace->full && trace->fd >= 0)
		(void)!write(trace->fd, FULL, sizeof(FULL) - 1);
	close_fd(&trace->fd);
	free(trace);
	shim->trace = NULL;
}
