/* Ways to files that pass no link: every directory is opened from the one that it is in, and held.
 * Nobody can lead such a way elsewhere by putting a link into it, whenever that is done (cf.
 * CVE-2018-15664); and ".." is no part of one. As openat2(2) does it with RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS, and on kernels that don't have that, such as gVisor's. */
#ifndef NUCLEUS_COPY_BENEATH_H
#define NUCLEUS_COPY_BENEATH_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_SIZE 4096U
#define BASE_SIZE 256U

/* A path, taken apart. */
struct split {
	char parent[PATH_SIZE]; /* never empty */
	char base[BASE_SIZE];   /* the last component; empty where the parent itself is meant */
	bool directory;         /* it ends in a slash, so nothing else can be meant */
};

/* 0, or a negative errno. */
int path_split(const char *path, struct split *split);

/* Opens a directory by components from `root`, to hold only (O_PATH). A descriptor, or a negative
 * errno: -ELOOP for a link, -EXDEV for "..". `*length`: of the part of the path that was refused.
 */
int beneath_open(int root, const char *path, size_t *length);

/* Opens the directory `name` in `parent`, to hold only. -ELOOP for a link. */
int beneath_enter(int parent, const char *name);

#endif
