#include "shim/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "copy/beneath.h"
#include "copy/files_only.h"
#include "copy/pack.h"
#include "copy/printable.h"
#include "copy/unpack.h"

#define FAILED 1
#define SHOWN 512

static struct report report;

static ssize_t read_input(void *context, void *bytes, size_t size)
{
	ssize_t got;

	(void)context;
	do
		got = read(STDIN_FILENO, bytes, size);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static int write_output(void *context, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	(void)context;
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, at, length);

		if (written < 0 && errno != EINTR)
			return -errno;
		at += written < 0 ? 0 : written;
		length -= written < 0 ? 0 : (size_t)written;
	}
	return 0;
}

/* Refuses a symbolic link, naming its target so that the user can specify that instead. */
static void refuse_link(const char *path, size_t length, const char *shown)
{
	char link[PATH_SIZE];
	char target[SHOWN / 2];
	ssize_t got;

	(void)snprintf(link, sizeof(link), "/%.*s", (int)length, path);
	got = readlinkat(AT_FDCWD, link, target, sizeof(target) - 1);
	target[got < 0 ? 0 : got] = '\0';
	report_fatal(
		&report,
		"'%s' in the container is a symbolic link to '%s', and links are not followed: "
		"specify its target",
		shown, target);
}

static int refuse(const char *path, size_t length, int error)
{
	char shown[SHOWN];

	(void)printable(shown, sizeof(shown), path, length);
	if (error == ELOOP)
		refuse_link(path, length, shown);
	else if (error == EXDEV)
		report_fatal(&report, "'%s': a path in the container must not contain '..'", shown);
	else
		report_fatal(&report, "can't open '%s' in the container: %s", shown,
			     error == EINVAL ? "it is neither a file nor a directory"
					     : strerror(error));
	return FAILED;
}

/* Opens the directory that contains the path. */
static int open_parent(const char *path, struct split *split)
{
	owned_fd root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = path_split(path, split);
	size_t length = strlen(path);

	if (result == 0)
		result = beneath_open(root, split->parent, &length);
	if (result < 0)
		(void)refuse(path, length, -result);
	return result;
}

/* Checks that the source is a file or a directory, and not a link. 0, or a negative errno. */
static int check_source(int parent, const struct split *split)
{
	struct stat status;

	if (split->base[0] == '\0')
		return 0;
	if (fstatat(parent, split->base, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(status.st_mode))
		return -ELOOP;
	if (S_ISREG(status.st_mode))
		return split->directory ? -ENOTDIR : 0;
	return S_ISDIR(status.st_mode) ? 0 : -EINVAL;
}

static int copy_out(const char *path, bool keep)
{
	static struct tar_writer writer;
	const struct packing packing = {
		.writer = &writer, .report = &report, .keep = keep, .links = true
	};
	struct split split;
	owned_fd parent = open_parent(path, &split);
	int result;

	writer.drain = write_output;
	if (parent < 0)
		return FAILED;
	result = check_source(parent, &split);
	if (result < 0)
		return refuse(path, strlen(path), -result);
	result = pack(&packing, parent, split.base);
	if (result == 0)
		result = tar_write_end(&writer);
	/* EPIPE: the client has exited, and reports the reason itself. */
	if (result < 0 && result != -EPIPE)
		report_fatal(&report, "can't send the files: %s", strerror(-result));
	return result < 0 || report.failed > 0 ? FAILED : 0;
}

static int copy_in(const char *path, bool keep, bool any_names)
{
	static struct tar_reader reader;
	struct destination destination;
	const struct unpacking unpacking = { .reader = &reader,
					     .report = &report,
					     .destination = &destination,
					     .links = true,
					     .keep = keep,
					     .mask = 022 };
	struct split split;
	char name[BASE_SIZE] = "";
	owned_fd parent = open_parent(path, &split);
	int result;

	reader.fill = read_input;
	if (parent < 0)
		return FAILED;
	/* If this fails, the client has exited, and reports the reason itself. */
	if (!any_names && unpack_peek(&reader, name) < 0)
		return FAILED;
	result = destination_open(parent, &split, name, any_names, &destination);
	if (result < 0)
		return refuse(path, strlen(path), -result);
	result = unpack(&unpacking);
	(void)close(destination.directory);
	/* ENODATA: the client has exited in mid-archive, and reports the reason itself. */
	if (result < 0 && result != -ENODATA)
		report_fatal(&report, "copy aborted: %s",
			     result == -EBADMSG ? "the received data is not a tar archive"
						: strerror(-result));
	return result < 0 || report.failed > 0 ? FAILED : 0;
}

int copy_run(char *const argv[], int status_fd)
{
	bool in = strcmp(argv[0], "in") == 0;
	size_t count = 0;
	int result;

	unpack_catch_signals();
	result = files_only();
	while (argv[count] != NULL)
		count++;
	close_owned(&status_fd);
	if (result < 0 || count != 3) {
		report_fatal(&report, "can't start the copy: %s",
			     strerror(result < 0 ? -result : EINVAL));
		return FAILED;
	}
	result = in ? copy_in(argv[2], strchr(argv[1], 'a') != NULL, strchr(argv[1], 'd') != NULL)
		    : copy_out(argv[2], strchr(argv[1], 'a') != NULL);
	report_end(&report);
	return result;
}
