#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "pack.h"

/* More than anybody copies intentionally: a file system has only so many inodes. */
#define ENTRIES_MAX 20000000U
/* Size of the blocks of a file that may become a hole. */
#define HOLE 4096UL

/* A directory that is being filled. */
struct level {
	size_t length; /* length of the path before its name */
	int64_t seconds;
	uint32_t nanoseconds;
	uint32_t mode;
	int fd;
	bool made;   /* by this process: its permissions and times are set when it is complete */
	bool listed; /* it has an entry of its own */
};

static struct level levels[DEPTH_MAX];
static size_t depth;
static char path[TAR_NAME_MAX]; /* of the open directories */
static struct tar_entry entry;
static bool peeked; /* the entry has been read already */
static char clean[TAR_NAME_MAX + BASE_SIZE];
static char target[TAR_NAME_MAX + BASE_SIZE];

/* The file that is being written, which a signal handler removes. */
static struct {
	volatile sig_atomic_t directory;
	char name[32];
} pending = { .directory = -1 };

static void end(int number)
{
	if (pending.directory >= 0)
		(void)unlinkat(pending.directory, pending.name, 0);
	_exit(128 + number);
}

void unpack_catch_signals(void)
{
	static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	struct sigaction action = { .sa_handler = end };
	sigset_t none;

	(void)sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		struct sigaction before;

		/* Signals ignored by nohup(1) stay ignored, except SIGTERM, which ends a copy. */
		if (ending[i] == SIGTERM || sigaction(ending[i], NULL, &before) < 0 ||
		    before.sa_handler != SIG_IGN)
			(void)sigaction(ending[i], &action, NULL);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int destination_open(int parent, const struct split *split, const char *source,
		     bool must_be_directory, struct destination *destination)
{
	owned_fd into = split->base[0] == '\0'
				? openat(parent, ".", O_PATH | O_DIRECTORY | O_CLOEXEC)
				: beneath_enter(parent, split->base);
	struct stat status;

	*destination = (struct destination){ .directory = -1 };
	if (split->base[0] == '\0' && into < 0)
		return -errno;
	(void)snprintf(destination->from, BASE_SIZE, "%s", source);
	if (into >= 0) {
		(void)snprintf(destination->name, BASE_SIZE, "%s", source);
		destination->directory = release(&into);
		return 0;
	}
	if (into != -ENOENT && into != -ENOTDIR)
		return into;
	if (must_be_directory)
		return into;
	if (source[0] == '\0' && into == -ENOENT) {
		if (mkdirat(parent, split->base, 0777) < 0)
			return -errno;
		destination->directory = beneath_enter(parent, split->base);
		return destination->directory < 0 ? destination->directory : 0;
	}
	if (split->directory || source[0] == '\0')
		return into;
	if (fstatat(parent, split->base, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(status.st_mode))
		return -EINVAL;
	(void)snprintf(destination->name, BASE_SIZE, "%s", split->base);
	destination->directory = openat(parent, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return destination->directory < 0 ? -errno : 0;
}

/* Normalizes a name, no component of which may lead up or to the root. Returns NULL, or why the
 * name is refused. */
static const char *clean_name(const struct destination *destination, const char *name, char *out)
{
	size_t used = 0;
	bool first = true;

	out[0] = '\0';
	if (*name == '/')
		return "an absolute name";
	while (*name != '\0') {
		size_t length = strcspn(name, "/");
		const char *component = name;
		bool mapped = first && destination->from[0] != '\0';

		name += length + (name[length] == '/' ? 1 : 0);
		if (length == 0 || (length == 1 && component[0] == '.'))
			continue;
		if (length == 2 && component[0] == '.' && component[1] == '.')
			return "a name with '..'";
		if (length >= BASE_SIZE)
			return "a name that is too long";
		if (mapped && (strlen(destination->from) != length ||
			       strncmp(component, destination->from, length) != 0))
			return "not part of what is copied";
		if (mapped) {
			component = destination->name;
			length = strlen(component);
		}
		first = false;
		if (used > 0)
			out[used++] = '/';
		memcpy(out + used, component, length);
		used += length;
		out[used] = '\0';
	}
	if (used >= TAR_NAME_MAX)
		return "a name that is too long";
	return first && destination->from[0] != '\0' ? "not part of what is copied" : NULL;
}

static uint32_t mode_of(const struct unpacking *unpacking, uint32_t mode)
{
	return mode & 0777U & ~(unpacking->keep ? 0U : unpacking->mask);
}

static void set_times(int fd, int64_t seconds, uint32_t nanoseconds)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT },
					  { .tv_sec = seconds, .tv_nsec = nanoseconds } };

	(void)futimens(fd, times);
}

/* Leaves the innermost directory, which is complete. */
static void leave(const struct unpacking *unpacking)
{
	struct level *level = &levels[--depth];

	if (level->made) {
		uint32_t mode = level->listed ? mode_of(unpacking, level->mode)
					      : mode_of(unpacking, 0777);

		/* The user who copies it can remove it again. */
		if (!unpacking->keep)
			mode |= 0700;
		(void)fchmod(level->fd, mode);
		if (unpacking->keep && level->listed)
			set_times(level->fd, level->seconds, level->nanoseconds);
	}
	(void)close(level->fd);
	path[level->length] = '\0';
}

static int innermost(const struct unpacking *unpacking)
{
	return depth > 0 ? levels[depth - 1].fd : unpacking->destination->directory;
}

/* Enters a directory, creating it if it is missing. */
static int enter(const struct unpacking *unpacking, const char *name)
{
	int parent = innermost(unpacking);
	size_t length = strlen(path);
	bool made;
	int fd;

	if (depth == DEPTH_MAX || length + 1 + strlen(name) >= sizeof(path))
		return -ENAMETOOLONG;
	made = mkdirat(parent, name, 0700) == 0;
	if (!made && errno != EEXIST)
		return -errno;
	fd = made ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
		  : beneath_enter(parent, name);
	if (fd < 0)
		return made ? -errno : fd;
	levels[depth++] = (struct level){ .fd = fd, .made = made, .length = length };
	(void)snprintf(path + length, sizeof(path) - length, "%s%s", length > 0 ? "/" : "", name);
	return 0;
}

/* Enters the directory that `name` names, keeping the directories on the way that are open. */
static int go_to(const struct unpacking *unpacking, const char *name, size_t length)
{
	while (depth > 0) {
		size_t open = strlen(path);

		if (open <= length && memcmp(path, name, open) == 0 &&
		    (open == length || name[open] == '/'))
			break;
		leave(unpacking);
	}
	for (size_t at = strlen(path); at < length;) {
		char component[BASE_SIZE];
		size_t size;
		int result;

		at += name[at] == '/' ? 1 : 0;
		size = strcspn(name + at, "/");
		size = size < length - at ? size : length - at;
		memcpy(component, name + at, size);
		component[size] = '\0';
		result = enter(unpacking, component);
		if (result < 0)
			return result;
		at += size;
	}
	return 0;
}

static int unpack_directory(const struct unpacking *unpacking)
{
	int result = go_to(unpacking, clean, strlen(clean));

	if (result == 0 && depth > 0 && levels[depth - 1].made) {
		struct level *level = &levels[depth - 1];

		level->listed = true;
		level->mode = entry.mode;
		level->seconds = entry.seconds;
		level->nanoseconds = entry.nanoseconds;
	}
	return result;
}

static bool is_zero(const uint8_t *data, size_t length)
{
	return length > 0 && data[0] == 0 && memcmp(data, data + 1, length - 1) == 0;
}

static int write_data(int fd, const uint8_t *data, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, data, length);

		if (written < 0 && errno != EINTR)
			return -errno;
		data += written < 0 ? 0 : written;
		length -= written < 0 ? 0 : (size_t)written;
	}
	return 0;
}

/* Writes data with holes for zeros, which read as zeros: empty data can't fill a disk. */
static int write_sparse(int fd, const uint8_t *data, size_t length)
{
	while (length > 0) {
		size_t part = length < HOLE ? length : HOLE;
		bool hole = is_zero(data, part);
		int result = 0;

		/* Extends the part by the blocks of the same kind. */
		while (part < length &&
		       is_zero(data + part, length - part < HOLE ? length - part : HOLE) == hole)
			part += length - part < HOLE ? length - part : HOLE;
		if (!hole)
			result = write_data(fd, data, part);
		else if (lseek(fd, (off_t)part, SEEK_CUR) < 0)
			result = -errno;
		if (result < 0)
			return result;
		data += part;
		length -= part;
	}
	return 0;
}

/* `broken` is set if the archive failed, not the file. */
static int write_file(const struct unpacking *unpacking, int fd, bool *broken)
{
	const uint8_t *data;
	bool incomplete = false;
	uint64_t offset;
	ssize_t got;

	while ((got = tar_read(unpacking->reader, &entry, &data, &offset)) > 0) {
		bool moved = entry.map == NULL || lseek(fd, (off_t)offset, SEEK_SET) >= 0;
		int result = moved ? write_sparse(fd, data, (size_t)got) : -errno;

		if (result < 0)
			return result;
		report_bytes(unpacking->report, (size_t)got);
	}
	if (got == 0)
		got = tar_finish(unpacking->reader, &incomplete);
	*broken = got < 0;
	if (got < 0)
		return (int)got;
	if (incomplete)
		return -ESTALE;
	return ftruncate(fd, (off_t)entry.size) < 0 ? -errno : 0;
}

static void begin_pending(int directory)
{
	uint64_t number = 0;

	(void)!getrandom(&number, sizeof(number), 0);
	(void)snprintf(pending.name, sizeof(pending.name), ".nucleus-cp-%016llx",
		       (unsigned long long)number);
	pending.directory = directory;
}

/* Whether what is there may be replaced by a file or link of the same name. */
static bool is_replaceable(int parent, const char *name)
{
	struct stat status;

	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode))
		return true;
	errno = S_ISDIR(status.st_mode) ? EISDIR : EEXIST;
	return false;
}

/* Renames a complete file to its name, or removes an incomplete one. */
static int finish_pending(int parent, const char *name, int result)
{
	if (result == 0 &&
	    (!is_replaceable(parent, name) || renameat(parent, pending.name, parent, name) < 0))
		result = -errno;
	if (result < 0)
		(void)unlinkat(parent, pending.name, 0);
	pending.directory = -1;
	return result;
}

static int unpack_file(const struct unpacking *unpacking, int parent, const char *name,
		       bool *broken)
{
	owned_fd fd = -1;
	int result;

	/* Checked first, so that no data is written in vain. */
	if (!is_replaceable(parent, name))
		return -errno;
	begin_pending(parent);
	fd = openat(parent, pending.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0) {
		pending.directory = -1;
		return -errno;
	}
	result = write_file(unpacking, fd, broken);
	if (result == 0 && fchmod(fd, mode_of(unpacking, entry.mode)) < 0)
		result = -errno;
	if (result == 0 && unpacking->keep)
		set_times(fd, entry.seconds, entry.nanoseconds);
	return finish_pending(parent, name, result);
}

static int unpack_link(int parent, const char *name)
{
	begin_pending(parent);
	if (symlinkat(entry.target, parent, pending.name) < 0) {
		pending.directory = -1;
		return -errno;
	}
	return finish_pending(parent, name, 0);
}

/* Makes another name for a file that is beneath the same directory. */
static int unpack_hard_link(const struct unpacking *unpacking, int parent, const char *name)
{
	owned_fd from = -1;
	struct stat status;
	size_t length;
	char *base = strrchr(target, '/');

	if (base != NULL)
		*base++ = '\0';
	from = beneath_open(unpacking->destination->directory, base == NULL ? "" : target, &length);
	if (from < 0)
		return from;
	base = base == NULL ? target : base;
	begin_pending(parent);
	/* Symbolic links are not followed but linked themselves, and refused below. */
	if (linkat(from, base, parent, pending.name, 0) < 0) {
		pending.directory = -1;
		return -errno;
	}
	if (fstatat(parent, pending.name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(status.st_mode))
		return finish_pending(parent, name, -ELOOP);
	return finish_pending(parent, name, 0);
}

/* Whether the entry is left out or refused, which is then reported. */
static bool is_left_out(const struct unpacking *unpacking)
{
	struct report *report = unpacking->report;
	const char *why;

	if (entry.type == TAR_OTHER && entry.error != 0) {
		report_failed(report, entry.name, "extract", entry.error);
		return true;
	}
	if (entry.type == TAR_OTHER) {
		report_left_out(report, entry.name, "%s", entry.what);
		return true;
	}
	if (!unpacking->links && (entry.type == TAR_SYMBOLIC_LINK || entry.type == TAR_HARD_LINK)) {
		report_left_out(report, entry.name, "a %s link to %s",
				entry.type == TAR_HARD_LINK ? "hard" : "symbolic", entry.target);
		return true;
	}
	why = clean_name(unpacking->destination, entry.name, clean);
	if (why == NULL && clean[0] == '\0' && entry.type != TAR_DIRECTORY)
		why = "a file without a name";
	if (why == NULL && entry.type == TAR_HARD_LINK &&
	    (clean_name(unpacking->destination, entry.target, target) != NULL ||
	     target[0] == '\0')) {
		report_left_out(report, entry.name, "a hard link to a file that is not copied: %s",
				entry.target);
		return true;
	}
	if (why != NULL) {
		report_left_out(report, entry.name, "%s", why);
		return true;
	}
	if (entry.type == TAR_FILE && (entry.mode & 06000U) != 0)
		report_left_out(report, entry.name, "%s",
				"its set-user-ID or set-group-ID bit; the file is copied");
	return false;
}

static int unpack_entry(const struct unpacking *unpacking, bool *broken)
{
	char *base = strrchr(clean, '/');
	size_t length = base == NULL ? 0 : (size_t)(base - clean);
	int result;

	if (entry.type == TAR_DIRECTORY)
		return unpack_directory(unpacking);
	result = go_to(unpacking, clean, length);
	if (result < 0)
		return result;
	base = base == NULL ? clean : base + 1;
	switch (entry.type) {
	case TAR_FILE:
		return unpack_file(unpacking, innermost(unpacking), base, broken);
	case TAR_SYMBOLIC_LINK:
		return unpack_link(innermost(unpacking), base);
	case TAR_HARD_LINK:
		return unpack_hard_link(unpacking, innermost(unpacking), base);
	case TAR_DIRECTORY:
	case TAR_OTHER:
		break;
	}
	return 0;
}

/* Whether nothing more can be written. */
static bool is_final(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EIO;
}

int unpack_peek(struct tar_reader *reader, char name[BASE_SIZE])
{
	int result = tar_next(reader, &entry);
	size_t length = strcspn(entry.name, "/");

	if (result <= 0)
		return result < 0 ? result : -ENODATA;
	peeked = true;
	if (length >= BASE_SIZE)
		return -ENAMETOOLONG;
	if (length == 1 && entry.name[0] == '.')
		length = 0;
	memcpy(name, entry.name, length);
	name[length] = '\0';
	return 0;
}

static int unpack_all(const struct unpacking *unpacking)
{
	struct report *report = unpacking->report;

	for (uint32_t count = 0; count < ENTRIES_MAX; count++) {
		bool broken = false;
		int result = peeked ? 1 : tar_next(unpacking->reader, &entry);

		peeked = false;
		if (result <= 0)
			return result;
		if (is_left_out(unpacking))
			continue;
		result = unpack_entry(unpacking, &broken);
		if (broken)
			return result;
		if (result < 0)
			report_failed(report, clean, "write", -result);
		else
			report_file(report, clean);
		if (is_final(-result))
			return result;
	}
	return -E2BIG;
}

int unpack(const struct unpacking *unpacking)
{
	int result;

	depth = 0;
	path[0] = '\0';
	result = unpack_all(unpacking);
	while (depth > 0)
		leave(unpacking);
	return result;
}

static int repack_entry(const struct unpacking *unpacking, struct tar_writer *writer)
{
	const uint8_t *data;
	bool incomplete = false;
	uint64_t offset;
	ssize_t got;
	int result;

	/* clean_name() has checked that they fit. */
	memcpy(entry.name, clean, strlen(clean) + 1);
	if (clean[0] == '\0')
		memcpy(entry.name, ".", 2);
	if (entry.type == TAR_HARD_LINK)
		memcpy(entry.target, target, strlen(target) + 1);
	entry.mode &= 0777U;
	result = tar_write(writer, &entry);
	while (result == 0 && (got = tar_read(unpacking->reader, &entry, &data, &offset)) != 0) {
		if (got < 0)
			return (int)got;
		result = tar_write_data(writer, data, (size_t)got);
		report_bytes(unpacking->report, (size_t)got);
	}
	if (result == 0 && entry.type == TAR_FILE)
		result = tar_finish(unpacking->reader, &incomplete);
	return incomplete ? tar_write_missing(writer) : result;
}

int repack(const struct unpacking *unpacking, struct tar_writer *writer)
{
	for (uint32_t count = 0; count < ENTRIES_MAX; count++) {
		int result = tar_next(unpacking->reader, &entry);

		if (result == 0)
			return tar_write_end(writer);
		if (result < 0)
			return result;
		if (is_left_out(unpacking))
			continue;
		result = repack_entry(unpacking, writer);
		if (result < 0)
			return result;
		report_file(unpacking->report, entry.name);
	}
	return -E2BIG;
}
