#include "launch/host_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/descriptors.h"
#include "base/mount_table.h"
#include "base/new_directory.h"
#include "base/syscalls.h"
#include "launch/root_step.h"

/* Bytes of a script's first line that the kernel reads (BINPRM_BUF_SIZE). */
#define SCRIPT_LINE 256
/* Scripts read for one program: itself and at most four nested interpreters (execve(2)). */
#define SCRIPTS_MAX 5
/* Directory of named volumes, below the state directory. */
#define VOLUMES "/volumes"
#define LINKS_MAX 40 /* as the kernel has it (path_resolution(7)) */
#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)

/* A walk along a path: the current position and the rest of the path. */
struct walk {
	const char *path; /* as given */
	int directory_fd;
	char rest[PATH_MAX];
	unsigned int links;
	/* The directory to make at the end, its parents searchable by all; NULL: make nothing. */
	const struct new_directory *make;
	bool strict;             /* only root may be able to change any component */
	bool follows;            /* links too, if strict */
	bool inside;             /* in a container's root: links on read-only mounts only */
	bool own;                /* leads to one of the manager's directories */
	const struct plan *plan; /* the plan whose sources have been checked, or NULL */
	bool within_source;      /* of the plan: the workload may have created the entry */
	bool placement_trusted;  /* only trusted users could have put the entry there */
};

/* The manager's user is trusted only on the way to the manager's own directory: a rootless workload
 * is that user on disk. */
static bool is_trusted(const struct walk *walk, uid_t uid)
{
	return uid == 0 || (walk->own && uid == geteuid());
}

/* Whether only trusted users could have put the entry there, and the directory where it is: the
 * owner of the directory above can rename a tree of root's. In a sticky directory nobody can
 * replace another user's entry; but a user can move root's links and files there from a directory
 * of their own, and root's directories too if they may write to them (rename(2)). */
static bool is_placement_trusted(const struct walk *walk, const struct stat *directory,
				 const struct stat *entry)
{
	if (!walk->placement_trusted || walk->within_source || !is_trusted(walk, directory->st_uid))
		return false;
	return (directory->st_mode & WRITABLE_BY_OTHERS) == 0 ||
	       ((directory->st_mode & S_ISVTX) != 0 && is_trusted(walk, entry->st_uid) &&
		S_ISDIR(entry->st_mode) && (entry->st_mode & WRITABLE_BY_OTHERS) == 0);
}

/* Whether the entry is a source of the plan. A container may have created files in it as root. */
static bool is_source(const struct plan *plan, const struct stat *entry)
{
	for (size_t i = 0; plan != NULL && i < plan->rootfs_count; i++) {
		const struct rootfs_step *step = &plan->rootfs[i];

		if ((step->flags & ROOTFS_NAMED) != 0 && step->inode != 0 &&
		    step->inode == entry->st_ino && step->device == entry->st_dev)
			return true;
	}
	return false;
}

/* Removes the next component from the rest. False at the end. */
static bool next_component(struct walk *walk, char name[NAME_MAX + 1], bool *last, int *error)
{
	char *at = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(at, "/");
	const char *after = at + length;

	if (length == 0)
		return false;
	if (length > NAME_MAX) {
		*error = ENAMETOOLONG;
		return false;
	}
	memcpy(name, at, length);
	name[length] = '\0';
	after += strspn(after, "/");
	*last = *after == '\0';
	memmove(walk->rest, after, strlen(after) + 1);
	return true;
}

static int return_to_root(struct walk *walk)
{
	close_fd(&walk->directory_fd);
	walk->directory_fd = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	walk->placement_trusted = true;
	return walk->directory_fd < 0 ? -errno : 0;
}

/* Prepends the link's target to the rest. */
static int follow(struct walk *walk, int link_fd, const char *name, struct failure *failure)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(link_fd, "", target, sizeof(target) - 1);
	size_t rest = strlen(walk->rest);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (++walk->links > LINKS_MAX)
		return fail(failure, STEP_ROOTFS, ECANCELED, "%s: more than %d links at '%s'",
			    walk->path, LINKS_MAX, name);
	if ((size_t)length + 1 + rest >= sizeof(walk->rest))
		return -ENAMETOOLONG;
	memmove(walk->rest + length + 1, walk->rest, rest + 1);
	memcpy(walk->rest, target, (size_t)length);
	walk->rest[length] = '/';
	return target[0] == '/' ? return_to_root(walk) : 0;
}

/* Creates the directory `name`, unless another process has created it meanwhile. */
static int make(const struct walk *walk, const char *name, bool last)
{
	if (last)
		return new_directory_make(walk->directory_fd, name, walk->make);
	return mkdirat(walk->directory_fd, name, 0711) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_component(const struct walk *walk, const char *name, bool last)
{
	const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(walk->directory_fd, name, flags);
	int result;

	if (fd < 0 && errno == ENOENT && walk->make != NULL) {
		result = make(walk, name, last);
		if (result < 0)
			return result;
		fd = openat(walk->directory_fd, name, flags);
	}
	return fd < 0 ? -errno : fd;
}

static int refuse_changeable(const struct walk *walk, const char *name, const struct stat *entry,
			     struct failure *failure)
{
	if (S_ISLNK(entry->st_mode) && !walk->follows)
		return fail(failure, STEP_ROOTFS, ECANCELED, "%s: '%s' is a link", walk->path,
			    name);
	if (entry->st_uid != 0)
		return fail(failure, STEP_ROOTFS, ECANCELED,
			    "%s: '%s' belongs to user %u, not to root", walk->path, name,
			    entry->st_uid);
	if (!S_ISLNK(entry->st_mode) && (entry->st_mode & WRITABLE_BY_OTHERS) != 0)
		return fail(failure, STEP_ROOTFS, ECANCELED,
			    "%s: '%s' can be changed by users other than root", walk->path, name);
	return 0;
}

static bool is_read_only(int fd)
{
	struct statvfs status;

	return fstatvfs(fd, &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

static int step_into(struct walk *walk, const char *name, bool last, struct failure *failure)
{
	owned_fd fd = open_component(walk, name, last);
	struct stat entry;
	struct stat directory;
	int result;

	if (fd < 0)
		return fd;
	if (fstat(fd, &entry) < 0 || fstat(walk->directory_fd, &directory) < 0)
		return -errno;
	result = walk->strict ? refuse_changeable(walk, name, &entry, failure) : 0;
	if (result < 0)
		return result;
	if (S_ISLNK(entry.st_mode) && walk->inside)
		return is_read_only(walk->directory_fd) ? follow(walk, fd, name, failure) : -ELOOP;
	if (S_ISLNK(entry.st_mode)) {
		if (!is_placement_trusted(walk, &directory, &entry) ||
		    !is_trusted(walk, entry.st_uid))
			return fail(failure, STEP_ROOTFS, ECANCELED,
				    "%s: '%s' is a symbolic link of user %u in a directory of "
				    "user %u, followed only where root alone could create it; "
				    "use its target",
				    walk->path, name, entry.st_uid, directory.st_uid);
		return follow(walk, fd, name, failure);
	}
	walk->placement_trusted = is_placement_trusted(walk, &directory, &entry);
	walk->within_source = walk->within_source || is_source(walk->plan, &entry);
	close_fd(&walk->directory_fd);
	walk->directory_fd = release(&fd);
	return 0;
}

static int walk_path(struct walk *walk, struct failure *failure)
{
	char name[NAME_MAX + 1];
	bool last = false;
	int error = 0;
	int result;

	if (walk->path[0] != '/')
		return -EINVAL;
	if (strlen(walk->path) >= sizeof(walk->rest))
		return -ENAMETOOLONG;
	memcpy(walk->rest, walk->path, strlen(walk->path) + 1);
	result = return_to_root(walk);
	while (result == 0 && next_component(walk, name, &last, &error))
		result = step_into(walk, name, last, failure);
	if (result == 0 && error != 0)
		result = -error;
	if (result == 0)
		return release(&walk->directory_fd);
	close_fd(&walk->directory_fd);
	return result;
}

static int open_program(const char *path, bool follows, struct failure *failure)
{
	struct walk walk = { .path = path, .directory_fd = -1, .strict = true, .follows = follows };
	owned_fd fd = walk_path(&walk, failure);
	struct stat status;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return fail(failure, STEP_ROOTFS, ECANCELED, "%s is not a regular file", path);
	return release(&fd);
}

int host_path_open_program(const char *path, struct failure *failure)
{
	return open_program(path, false, failure);
}

/* Reads the interpreter named in the first line (execve(2)). Returns its length; 0: there is none;
 * or a negative errno. */
static ssize_t read_interpreter(const char *path, char interpreter[SCRIPT_LINE])
{
	owned_fd fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, interpreter, SCRIPT_LINE - 1);
	size_t begin = 2;
	size_t length;

	if (got < 0)
		return -errno;
	if (got < 2 || interpreter[0] != '#' || interpreter[1] != '!')
		return 0;
	interpreter[got] = '\0';
	begin += strspn(interpreter + begin, " \t");
	length = strcspn(interpreter + begin, " \t\n");
	memmove(interpreter, interpreter + begin, length);
	interpreter[length] = '\0';
	return (ssize_t)length;
}

int host_path_check_interpreters(const char *path, struct failure *failure)
{
	char interpreter[SCRIPT_LINE];
	const char *script = path;

	for (int depth = 0; depth < SCRIPTS_MAX; depth++) {
		/* Safe to reopen by path: only root can change it. */
		ssize_t length = read_interpreter(script, interpreter);
		owned_fd program = -1;

		if (length < 0)
			return fail(failure, STEP_ROOTFS, (int)-length, "read %s", script);
		if (length == 0)
			return 0;
		program = open_program(interpreter, true, failure);
		if (program < 0 && failure->detail[0] == '\0')
			return fail(failure, STEP_ROOTFS, -program, "open the interpreter %s of %s",
				    interpreter, path);
		if (program < 0)
			return program;
		script = interpreter;
	}
	return fail(failure, STEP_ROOTFS, ECANCELED,
		    "%s: interpreters are nested more than %d deep", path, SCRIPTS_MAX - 1);
}

int host_path_open_inside(const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	struct walk walk = { .path = path, .directory_fd = -1, .inside = true };
	struct failure failure = { 0 };
	owned_fd root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	owned_fd fd = root < 0 ? -1 : sys_openat2(root, path, &how);

	/* Most paths contain no link, so that one call is enough. */
	if (fd >= 0 || errno != ELOOP)
		return fd < 0 ? -errno : release(&fd);
	return walk_path(&walk, &failure);
}

int host_path_is(int fd, uint64_t device, uint64_t inode)
{
	struct stat status;

	if (inode == 0)
		return 0;
	if (fstat(fd, &status) < 0)
		return -errno;
	return status.st_dev == device && status.st_ino == inode ? 0 : -ESTALE;
}

static int refuse(const char *path, const char *reserved, struct failure *failure)
{
	return fail(failure, STEP_ROOTFS, ECANCELED,
		    "%s overlaps the manager's own directory %s: a container that can access it "
		    "could control the manager; use a directory outside of it",
		    path, reserved);
}

/* Whether the directory, or one above it, is the wanted one: 1 or 0, or a negative errno. */
static int is_below(int fd, const struct stat *wanted)
{
	owned_fd at = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;
	struct stat before = { 0 };

	/* A file has no "..": mount_table_overlap compares its path. */
	if (at < 0)
		return errno == ENOTDIR ? 0 : -errno;
	for (;;) {
		int up;

		if (fstat(at, &status) < 0)
			return -errno;
		if (status.st_dev == wanted->st_dev && status.st_ino == wanted->st_ino)
			return 1;
		if (status.st_dev == before.st_dev && status.st_ino == before.st_ino)
			return 0;
		before = status;
		up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			return -errno;
		close_fd(&at);
		at = up;
	}
}

static int refuse_one(int fd, const char *path, const struct stat *source,
		      const struct mount_table *table, const char *reserved,
		      struct failure *failure)
{
	struct stat status;
	owned_fd reserved_fd = openat(AT_FDCWD, reserved, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (reserved_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(reserved_fd, &status) < 0)
		return -errno;
	result = is_below(fd, &status);
	if (result == 0)
		result = is_below(reserved_fd, source);
	if (result == 0)
		result = mount_table_overlap(table, fd, reserved_fd);
	return result > 0 ? refuse(path, reserved, failure) : result;
}

int host_path_refuse_reserved(const struct plan *plan, int fd, const char *path,
			      struct failure *failure)
{
	struct mount_table table;
	struct stat source;
	int result;

	if (plan->reserved_count == 0)
		return 0;
	if (fstat(fd, &source) < 0)
		return -errno;
	result = mount_table_read(&table);
	for (size_t i = 0; result == 0 && i < plan->reserved_count; i++)
		result = refuse_one(fd, path, &source, &table, plan->reserved[i], failure);
	mount_table_free(&table);
	return result;
}

/* Whether the step binds a named volume in its default place, the manager's state directory. */
static bool is_volume_path(const struct plan *plan, const struct rootfs_step *step)
{
	static const char below[] = VOLUMES "/";

	if (step->action != ROOTFS_VOLUME || strstr(step->source, "/..") != NULL)
		return false;
	for (size_t i = 0; i < plan->reserved_count; i++) {
		size_t length = strlen(plan->reserved[i]);

		if (strncmp(step->source, plan->reserved[i], length) == 0 &&
		    strncmp(step->source + length, below, strlen(below)) == 0)
			return true;
	}
	return false;
}

/* Reads the path of an open file, without links (proc(5), /proc/PID/fd). Returns its length, or a
 * negative errno. */
static ssize_t path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t length;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH_MAX - 1);
	if (length < 0)
		return -errno;
	path[length] = '\0';
	return length;
}

/* Whether the opened directory really lies below a directory of volumes: a link that a container
 * left in a volume may point elsewhere in the state directory. Compares paths, because the owner
 * may have made the volume unsearchable. */
static bool is_in_volumes_directory(const struct plan *plan, int fd)
{
	char path[PATH_MAX];

	if (path_of(fd, path) < 0)
		return false;
	for (size_t i = 0; i < plan->reserved_count; i++) {
		char volumes[PATH_MAX];
		owned_fd reserved_fd = openat(AT_FDCWD, plan->reserved[i],
					      O_PATH | O_DIRECTORY | O_CLOEXEC);
		ssize_t length = reserved_fd < 0 ? -1 : path_of(reserved_fd, volumes);

		if (length >= 0 && strncmp(path, volumes, (size_t)length) == 0 &&
		    strncmp(path + length, VOLUMES "/", strlen(VOLUMES "/")) == 0)
			return true;
	}
	return false;
}

static int check(const struct plan *plan, struct rootfs_step *step, struct failure *failure)
{
	const struct new_directory last = { .mode = step->mode,
					    .uid = step->uid,
					    .gid = step->gid };
	struct walk walk = {
		.path = step->source,
		.directory_fd = -1,
		.make = step->action == ROOTFS_VOLUME ? &last : NULL,
		.plan = plan,
		.own = is_volume_path(plan, step),
	};
	owned_fd fd = walk_path(&walk, failure);
	struct stat status;
	int result;

	if (fd < 0)
		return fd;
	result = host_path_is(fd, step->device, step->inode);
	if (result == 0 && !(walk.own && is_in_volumes_directory(plan, fd)))
		result = host_path_refuse_reserved(plan, fd, step->source, failure);
	if (result < 0)
		return result;
	if (fstat(fd, &status) < 0)
		return -errno;
	step->device = status.st_dev;
	step->inode = status.st_ino;
	return 0;
}

static int check_all(struct plan *plan, struct failure *failure)
{
	for (size_t i = 0; i < plan->rootfs_count; i++) {
		struct rootfs_step *step = &plan->rootfs[i];
		int result;

		if ((step->flags & ROOTFS_NAMED) == 0 || !root_step_needs_source(step))
			continue;
		failure->detail[0] = '\0';
		result = check(plan, step, failure);
		if (result == -ENOENT && (step->flags & ROOTFS_OPTIONAL) != 0)
			continue;
		if (result < 0 && failure->detail[0] == '\0')
			return fail(failure, STEP_ROOTFS, result == -ESTALE ? ECANCELED : -result,
				    "%s %s from %s%s",
				    root_step_describe((enum rootfs_action)step->action),
				    step->target, step->source,
				    result == -ESTALE ? HOST_PATH_REPLACED : "");
		if (result < 0)
			return result;
	}
	return 0;
}

/* Two passes: only in the second are all sources known, and so which lie in another. */
int host_paths_check(struct plan *plan, struct failure *failure)
{
	int result = check_all(plan, failure);

	return result < 0 ? result : check_all(plan, failure);
}
