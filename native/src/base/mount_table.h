/* The mounts that this process sees (proc_pid_mountinfo(5)). */
#ifndef NUCLEUS_MOUNT_TABLE_H
#define NUCLEUS_MOUNT_TABLE_H

#include <stddef.h>

/* One mount: its file system, the directory in it, and the mount point. Strings are unescaped. */
struct mount_entry {
	long id;
	const char *device; /* major:minor */
	const char *root;   /* path within the file system */
	const char *point;  /* path as this process sees it */
};

struct mount_table {
	char *text;
	struct mount_entry *entries;
	size_t count;
};

/* Returns the text of /proc/self/mountinfo, which the caller frees, or NULL with errno. */
char *mount_table_text(void);
int mount_table_read(struct mount_table *table);
/* Parses entries from a text, which it modifies and takes over. Returns 0, or a negative errno. */
int mount_table_parse(struct mount_table *table, char *text);
void mount_table_free(struct mount_table *table);

/* Whether the tree at `fd`, with what is mounted below it, and the directory at `other_fd` have
 * files in common: 1, 0, or a negative errno. Paths within a file system are compared, so that
 * another mount of the same directory makes no difference. */
int mount_table_overlap(const struct mount_table *table, int fd, int other_fd);
/* The same for two known places: `path` is the tree's path as this process sees it, `within` its
 * path within its file system. */
int mount_table_covers(const struct mount_table *table, const char *path, const char *device,
		       const char *within, const char *other_device, const char *other_within);

#endif
