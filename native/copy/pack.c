#include "pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/descriptors.h"

#define CHUNK (1UL << 17)
/* A file with fewer bytes of holes is stored as an ordinary file, which every tar reader supports.
 */
#define SPARSE_MIN (1L << 20)
/* Holes beyond this are not packed as zeros: an archive of them has no end. */
#define HOLES_MAX (64L << 30)
/* Unit of st_blocks (stat(2)). */
#define STAT_BLOCK 512

/* As filled by getdents64(2). */
struct listed {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* A directory on the way, with the part of its list that has been read. */
struct level {
	int fd;
	dev_t device;
	size_t name_length; /* length of the path before it was entered */
	size_t at;
	size_t end;
	_Alignas(struct listed) char list[8192];
};

/* Static: no process packs two trees, and a forked child must not use the heap. */
static struct level levels[DEPTH_MAX];
static struct tar_entry entry;
static struct tar_map map;
static uint8_t chunk[CHUNK];

/* Finds the extents of a file's data. Returns 1; 0 if its holes total less than SPARSE_MIN, or its
 * file system can't report them; or -EFBIG if there are too many extents. The last one may include
 * holes of up to HOLES_MAX. */
static int find_map(int fd, const struct stat *status)
{
	off_t at = 0;
	off_t holes = 0;

	map.count = 0;
	if (status->st_size - (off_t)status->st_blocks * STAT_BLOCK < SPARSE_MIN)
		return 0;
	while (at < status->st_size) {
		off_t data = lseek(fd, at, SEEK_DATA);
		off_t hole = data < 0 ? data : lseek(fd, data, SEEK_HOLE);

		/* No data follows. */
		if (data < 0 && errno == ENXIO)
			data = hole = status->st_size;
		if (hole < 0) {
			holes = 0;
			break;
		}
		if (data > status->st_size)
			data = status->st_size;
		holes += data - at;
		if (hole > status->st_size)
			hole = status->st_size;
		if (map.count == TAR_EXTENTS_MAX - 2) {
			if (status->st_size - data - (off_t)status->st_blocks * STAT_BLOCK >
			    HOLES_MAX)
				return -EFBIG;
			hole = status->st_size;
		}
		if (data < hole)
			map.extents[map.count++] = (struct tar_extent){
				.offset = (uint64_t)data, .length = (uint64_t)(hole - data)
			};
		/* Somebody may punch holes meanwhile. */
		at = hole > at ? hole : at + STAT_BLOCK;
	}
	(void)lseek(fd, 0, SEEK_SET);
	/* As GNU tar does: a final, empty extent marks the end of the file. */
	map.extents[map.count++] = (struct tar_extent){ .offset = (uint64_t)status->st_size };
	return holes >= SPARSE_MIN ? 1 : 0;
}

/* Writes the next `length` bytes of a file. Returns 1 if it has become shorter. */
static int pack_part(const struct packing *packing, int fd, uint64_t length)
{
	while (length > 0) {
		size_t wanted = length < sizeof(chunk) ? (size_t)length : sizeof(chunk);
		ssize_t got = read(fd, chunk, wanted);
		int result;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			report_failed(packing->report, entry.name, "read all of",
				      got < 0 ? errno : ESTALE);
			return 1;
		}
		result = tar_write_data(packing->writer, chunk, (size_t)got);
		if (result < 0)
			return result;
		length -= (uint64_t)got;
		report_bytes(packing->report, (size_t)got);
	}
	return 0;
}

/* Whether a file has become shorter, in a hole, where nothing is read. */
static bool has_shrunk(const struct packing *packing, int fd)
{
	struct stat status;

	if (fstat(fd, &status) == 0 && (uint64_t)status.st_size >= entry.size)
		return false;
	report_failed(packing->report, entry.name, "read all of", ESTALE);
	return true;
}

/* Writes the data of one file, as much as its header announced. */
static int pack_data(const struct packing *packing, int fd)
{
	int result = 0;

	if (entry.map == NULL)
		result = pack_part(packing, fd, entry.size);
	for (size_t i = 0; entry.map != NULL && i < map.count && result == 0; i++) {
		if (lseek(fd, (off_t)map.extents[i].offset, SEEK_SET) < 0)
			return -errno;
		result = pack_part(packing, fd, map.extents[i].length);
	}
	if (result == 0 && entry.map != NULL && has_shrunk(packing, fd))
		result = 1;
	return result > 0 ? tar_write_missing(packing->writer) : result;
}

/* Packs a file that reports no size, such as one below /proc: as much as fits into the buffer. */
static int pack_unsized(const struct packing *packing, int fd)
{
	size_t length = 0;
	ssize_t got;
	int result;

	do {
		got = read(fd, chunk + length, sizeof(chunk) - length);
		length += got > 0 ? (size_t)got : 0;
	} while (length < sizeof(chunk) && (got > 0 || (got < 0 && errno == EINTR)));
	if (got < 0)
		report_failed(packing->report, entry.name, "read", errno);
	else if (length == sizeof(chunk))
		report_failed(packing->report, entry.name, "read all of", EFBIG);
	entry.size = length;
	result = tar_write(packing->writer, &entry);
	if (result == 0 && length > 0)
		result = tar_write_data(packing->writer, chunk, length);
	report_bytes(packing->report, length);
	return result;
}

static void describe(const struct packing *packing, enum tar_type type, const struct stat *status)
{
	entry.type = type;
	entry.target[0] = '\0';
	entry.size = 0;
	entry.map = NULL;
	/* Drops set-ID and sticky bits. */
	entry.mode = status->st_mode & 0777U;
	entry.seconds = status->st_mtim.tv_sec;
	entry.nanoseconds = packing->keep ? (uint32_t)status->st_mtim.tv_nsec : 0;
}

static int pack_file(const struct packing *packing, int parent, const char *name)
{
	/* It may have become a FIFO since it was checked. */
	owned_fd fd = openat(parent, name,
			     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	int result;

	if (fd < 0 || fstat(fd, &status) < 0) {
		report_failed(packing->report, entry.name, "read", errno);
		return 0;
	}
	if (!S_ISREG(status.st_mode)) {
		report_failed(packing->report, entry.name, "read", ESTALE);
		return 0;
	}
	if ((status.st_mode & (S_ISUID | S_ISGID)) != 0)
		report_left_out(packing->report, entry.name, "%s",
				"its set-user-ID or set-group-ID bit; the file is copied");
	describe(packing, TAR_FILE, &status);
	report_file(packing->report, entry.name);
	if (status.st_size == 0)
		return pack_unsized(packing, fd);
	entry.size = (uint64_t)status.st_size;
	result = find_map(fd, &status);
	if (result < 0) {
		report_failed(packing->report, entry.name, "copy the holes of", -result);
		return 0;
	}
	if (result > 0)
		entry.map = &map;
	result = tar_write(packing->writer, &entry);
	return result < 0 ? result : pack_data(packing, fd);
}

static int pack_link(const struct packing *packing, int parent, const char *name,
		     const struct stat *status)
{
	ssize_t length;

	describe(packing, TAR_SYMBOLIC_LINK, status);
	length = readlinkat(parent, name, entry.target, sizeof(entry.target));
	if (length < 0 || length >= (ssize_t)sizeof(entry.target)) {
		report_failed(packing->report, entry.name, "read the link",
			      length < 0 ? errno : ENAMETOOLONG);
		return 0;
	}
	entry.target[length] = '\0';
	if (!packing->links) {
		report_left_out(packing->report, entry.name, "a symbolic link to %s", entry.target);
		return 0;
	}
	report_file(packing->report, entry.name);
	return tar_write(packing->writer, &entry);
}

/* Whether it is the mount of a kernel file system that was not requested itself. */
static bool is_kernel_view(int fd, dev_t device, size_t depth)
{
	struct statfs status;

	return depth > 0 && device != levels[depth - 1].device && fstatfs(fd, &status) == 0 &&
	       (status.f_type == PROC_SUPER_MAGIC || status.f_type == SYSFS_MAGIC ||
		status.f_type == CGROUP_SUPER_MAGIC || status.f_type == CGROUP2_SUPER_MAGIC);
}

/* Writes the header of a directory, and opens it for its list to be read. */
static int enter(const struct packing *packing, int parent, const char *name, size_t name_length,
		 size_t *depth)
{
	owned_fd fd = -1;
	struct stat status;
	struct level *level = &levels[*depth];
	int result;

	if (*depth == DEPTH_MAX) {
		report_failed(packing->report, entry.name, "enter", ENAMETOOLONG);
		return 0;
	}
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0) {
		report_failed(packing->report, entry.name, "read", errno);
		return 0;
	}
	if (is_kernel_view(fd, status.st_dev, *depth)) {
		report_left_out(packing->report, entry.name, "%s",
				"a view of the kernel's state, not files");
		return 0;
	}
	describe(packing, TAR_DIRECTORY, &status);
	report_file(packing->report, entry.name);
	result = tar_write(packing->writer, &entry);
	level->device = status.st_dev;
	level->name_length = name_length;
	level->at = level->end = 0;
	level->fd = release(&fd);
	(*depth)++;
	return result;
}

static int pack_one(const struct packing *packing, int parent, const char *name, size_t name_length,
		    size_t *depth)
{
	struct stat status;

	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		report_failed(packing->report, entry.name, "read", errno);
		return 0;
	}
	switch (status.st_mode & S_IFMT) {
	case S_IFREG:
		return pack_file(packing, parent, name);
	case S_IFDIR:
		return enter(packing, parent, name, name_length, depth);
	case S_IFLNK:
		return pack_link(packing, parent, name, &status);
	default:
		report_left_out(packing->report, entry.name, "%s",
				S_ISFIFO(status.st_mode)   ? "a FIFO"
				: S_ISSOCK(status.st_mode) ? "a socket"
							   : "a device");
		return 0;
	}
}

/* The next name of a directory's list; NULL at the end. */
static const char *next_name(const struct packing *packing, struct level *level)
{
	for (;;) {
		const struct listed *listed;

		if (level->at == level->end) {
			long got = syscall(SYS_getdents64, level->fd, level->list,
					   sizeof(level->list));

			if (got < 0)
				report_failed(packing->report, entry.name, "list", errno);
			if (got <= 0)
				return NULL;
			level->at = 0;
			level->end = (size_t)got;
		}
		listed = (const struct listed *)(const void *)(level->list + level->at);
		level->at += listed->length;
		if (strcmp(listed->name, ".") != 0 && strcmp(listed->name, "..") != 0)
			return listed->name;
	}
}

static void leave_all(size_t depth)
{
	while (depth > 0)
		(void)close(levels[--depth].fd);
}

static int walk(const struct packing *packing, size_t depth)
{
	while (depth > 0) {
		struct level *level = &levels[depth - 1];
		size_t length = strlen(entry.name);
		const char *name = next_name(packing, level);
		int result;

		if (name == NULL) {
			entry.name[level->name_length] = '\0';
			(void)close(level->fd);
			depth--;
			continue;
		}
		if (length + 1 + strlen(name) >= sizeof(entry.name)) {
			report_failed(packing->report, entry.name, "list all of", ENAMETOOLONG);
			continue;
		}
		(void)snprintf(entry.name + length, sizeof(entry.name) - length, "/%s", name);
		result = pack_one(packing, level->fd, name, length, &depth);
		if (result < 0) {
			leave_all(depth);
			return result;
		}
		if (level == &levels[depth - 1])
			entry.name[length] = '\0';
	}
	return 0;
}

int pack(const struct packing *packing, int parent, const char *base)
{
	const char *name = base[0] == '\0' ? "." : base;
	size_t depth = 0;
	int result;

	(void)snprintf(entry.name, sizeof(entry.name), "%s", name);
	result = pack_one(packing, parent, name, 0, &depth);
	if (result < 0) {
		leave_all(depth);
		return result;
	}
	return walk(packing, depth);
}
