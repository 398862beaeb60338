#include "base/mount_table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptors.h"

#define USUAL_TABLE (64U << 10)
/* Any user can make it long: a thousand FUSE mounts, each with two paths of 16 KiB when escaped. */
#define MAX_TABLE (256U << 20)
#define FIELDS 5 /* id, parent, device, root, mount point */

/* Doubles the buffer. On failure it is freed, and the result is NULL with errno. */
static char *grow(char *text, size_t *capacity)
{
	char *grown = *capacity >= MAX_TABLE ? NULL : realloc(text, *capacity * 2);

	if (grown == NULL) {
		errno = *capacity >= MAX_TABLE ? EFBIG : ENOMEM;
		free(text);
		return NULL;
	}
	*capacity *= 2;
	return grown;
}

char *mount_table_text(void)
{
	owned_fd fd = openat(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t capacity = USUAL_TABLE;
	char *text = fd < 0 ? NULL : malloc(capacity);
	size_t length = 0;
	ssize_t got = 1;

	while (text != NULL && got > 0) {
		if (length == capacity - 1)
			text = grow(text, &capacity);
		if (text == NULL)
			break;
		got = read(fd, text + length, capacity - 1 - length);
		length += got > 0 ? (size_t)got : 0;
	}
	if (text != NULL && got < 0) {
		free(text);
		return NULL;
	}
	if (text != NULL)
		text[length] = '\0';
	return text;
}

static bool is_octal(const char *at)
{
	return at[0] >= '0' && at[0] <= '3' && at[1] >= '0' && at[1] <= '7' && at[2] >= '0' &&
	       at[2] <= '7';
}

/* Spaces and backslashes are written as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; to++) {
		if (*at == '\\' && is_octal(at + 1)) {
			*to = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 4;
		} else {
			*to = *at++;
		}
	}
	*to = '\0';
}

static bool parse_line(char *line, struct mount_entry *entry)
{
	char *rest = NULL;
	char *fields[FIELDS];

	for (size_t i = 0; i < FIELDS; i++) {
		fields[i] = strtok_r(i == 0 ? line : NULL, " ", &rest);
		if (fields[i] == NULL)
			return false;
	}
	unescape(fields[3]);
	unescape(fields[4]);
	*entry = (struct mount_entry){ .id = strtol(fields[0], NULL, 10),
				       .device = fields[2],
				       .root = fields[3],
				       .point = fields[4] };
	return true;
}

int mount_table_parse(struct mount_table *table, char *text)
{
	size_t lines = 1;
	char *rest = NULL;

	for (const char *at = text; *at != '\0'; at++)
		lines += *at == '\n';
	*table = (struct mount_table){ .text = text };
	table->entries = calloc(lines, sizeof(*table->entries));
	if (table->entries == NULL)
		return -ENOMEM;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (!parse_line(line, &table->entries[table->count]))
			return -EBADMSG;
		table->count++;
	}
	return 0;
}

int mount_table_read(struct mount_table *table)
{
	char *text = mount_table_text();

	*table = (struct mount_table){ 0 };
	return text == NULL ? -errno : mount_table_parse(table, text);
}

void mount_table_free(struct mount_table *table)
{
	free(table->entries);
	free(table->text);
	*table = (struct mount_table){ 0 };
}

/* Whether a path is the directory or below it. */
static bool holds(const char *directory, const char *path)
{
	size_t length = strlen(directory);

	while (length > 0 && directory[length - 1] == '/')
		length--;
	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '\0' || path[length] == '/');
}

static bool overlap(const char *one, const char *other)
{
	return holds(one, other) || holds(other, one);
}

int mount_table_covers(const struct mount_table *table, const char *path, const char *device,
		       const char *within, const char *other_device, const char *other_within)
{
	if (strcmp(device, other_device) == 0 && overlap(within, other_within))
		return 1;
	for (size_t i = 0; i < table->count; i++) {
		const struct mount_entry *entry = &table->entries[i];

		if (strcmp(entry->device, other_device) == 0 && holds(path, entry->point) &&
		    strcmp(path, entry->point) != 0 && overlap(entry->root, other_within))
			return 1;
	}
	return 0;
}

/* Where a descriptor's file is: as this process sees it, and within its file system. */
struct place {
	const struct mount_entry *mount;
	char path[PATH_MAX];
	char within[2 * PATH_MAX];
};

static long mount_of(int fd)
{
	static const char field[] = "mnt_id:";
	char path[64];
	char text[512];
	const char *at;
	owned_fd info = -1;
	ssize_t got;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	got = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (got < 0)
		return -errno;
	text[got] = '\0';
	at = strstr(text, field);
	return at == NULL ? -ENOENT : strtol(at + sizeof(field) - 1, NULL, 10);
}

static int locate(const struct mount_table *table, int fd, struct place *place)
{
	char link[64];
	long mount = mount_of(fd);
	size_t prefix;
	ssize_t length;

	if (mount < 0)
		return (int)mount;
	for (size_t i = 0; i < table->count && place->mount == NULL; i++) {
		if (table->entries[i].id == mount)
			place->mount = &table->entries[i];
	}
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, place->path, sizeof(place->path) - 1);
	if (place->mount == NULL || length <= 0)
		return -ESTALE;
	place->path[length] = '\0';
	if (!holds(place->mount->point, place->path))
		return -ESTALE;
	prefix = strcmp(place->mount->point, "/") == 0 ? 0 : strlen(place->mount->point);
	(void)snprintf(place->within, sizeof(place->within), "%s%s",
		       strcmp(place->mount->root, "/") == 0 ? "" : place->mount->root,
		       place->path + prefix);
	return 0;
}

int mount_table_overlap(const struct mount_table *table, int fd, int other_fd)
{
	struct place place = { 0 };
	struct place other = { 0 };
	int result = locate(table, fd, &place);

	if (result == 0)
		result = locate(table, other_fd, &other);
	if (result < 0 || place.mount == NULL || other.mount == NULL)
		return result < 0 ? result : -ESTALE;
	return mount_table_covers(table, place.path, place.mount->device, place.within,
				  other.mount->device, other.within);
}
