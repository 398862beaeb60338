#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/descriptors.h"

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int path_split(const char *path, struct split *split)
{
	size_t length = strlen(path);
	const char *base;
	const char *slash;

	memset(split, 0, sizeof(*split));
	if (length == 0)
		return -ENOENT;
	if (length >= sizeof(split->parent))
		return -ENAMETOOLONG;
	while (length > 1 && path[length - 1] == '/') {
		split->directory = true;
		length--;
	}
	memcpy(split->parent, path, length);
	slash = strrchr(split->parent, '/');
	base = slash == NULL ? split->parent : slash + 1;
	if (*base == '\0' || is_dots(base)) {
		split->directory = true;
		/* "a/." means a. */
		if (strcmp(base, ".") == 0 && slash != NULL)
			split->parent[slash == split->parent ? 1 : slash - split->parent] = '\0';
		return 0;
	}
	if (strlen(base) >= sizeof(split->base))
		return -ENAMETOOLONG;
	memcpy(split->base, base, strlen(base) + 1);
	if (slash == NULL)
		memcpy(split->parent, ".", 2);
	else
		split->parent[slash == split->parent ? 1 : slash - split->parent] = '\0';
	return 0;
}

int beneath_enter(int parent, const char *name)
{
	int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int error = errno;
	struct stat status;

	if (fd >= 0)
		return fd;
	if (error == ENOTDIR && fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(status.st_mode))
		return -ELOOP;
	return -error;
}

int beneath_open(int root, const char *path, size_t *length)
{
	owned_fd at = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *from = path;

	*length = 0;
	if (at < 0)
		return -errno;
	while (*from != '\0') {
		char name[BASE_SIZE];
		size_t size = strcspn(from, "/");
		int next;

		*length = (size_t)(from - path) + size;
		if (size >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, from, size);
		name[size] = '\0';
		from += size + (from[size] == '/' ? 1 : 0);
		if (size == 0 || strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0)
			return -EXDEV;
		next = beneath_enter(at, name);
		if (next < 0)
			return next;
		(void)close(at);
		at = next;
	}
	return release(&at);
}
