/* Path resolution that follows no links: every directory is opened from its parent and held open,
 * so that nobody can redirect it by planting a link, at any time (cf. CVE-2018-15664); ".." is
 * refused. Like openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, but also on kernels
 * without it, such as gVisor's. */
#ifndef NUCLEUS_COPY_BENEATH_H
#define NUCLEUS_COPY_BENEATH_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_SIZE 4096U
#define BASE_SIZE 256U

/* A path, split into its parent and last component. */
struct split {
	char parent[PATH_SIZE]; /* never empty */
	char base[BASE_SIZE];   /* the last component; empty if the parent itself is meant */
	bool directory;         /* it must be a directory, for example because it ends in a slash */
};

/* 0, or a negative errno. */
int path_split(const char *path, struct split *split);

/* Opens a directory component by component from `root`, with O_PATH. Returns a descriptor, or a
 * negative errno: -ELOOP for a link, -EXDEV for "..". `*length` is set to the length of the path up
 * to the refused component. */
int beneath_open(int root, const char *path, size_t *length);

/* Opens the directory `name` in `parent`, with O_PATH. -ELOOP for a link. */
int beneath_enter(int parent, const char *name);

#endif
