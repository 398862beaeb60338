/* Creates a directory of the host for a container, such as a volume. */
#ifndef NUCLEUS_NEW_DIRECTORY_H
#define NUCLEUS_NEW_DIRECTORY_H

#include <sys/types.h>

struct new_directory {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Creates the directory `name`. Other processes see it with its mode and owner or not at all, so
 * one that creates the same directory at the same time, or finds it after this process was killed,
 * can use it unchanged; but on a file system that can't rename without replacing, such as NFS, it
 * is visible with mode 0700 for a moment. A process that is killed before the rename leaves an
 * empty directory, .nucleus-PID-TIME. An existing directory keeps its mode and owner. Returns 0, or
 * a negative errno; -ESTALE if somebody else put another directory in its place. */
int new_directory_make(int parent_fd, const char *name, const struct new_directory *make);

#endif
