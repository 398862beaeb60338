/* A directory of the host that is made for a container, such as a volume. */
#ifndef NUCLEUS_NEW_DIRECTORY_H
#define NUCLEUS_NEW_DIRECTORY_H

#include <sys/types.h>

struct new_directory {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Makes the directory `name`. Other processes see it with its mode and owner or not at all, so one
 * that makes the same directory at the same time, or finds it after this process was killed, can
 * use it as it is; but on a file system that can't rename without replacing, such as NFS, it is
 * seen for a moment with mode 0700. A process that is killed before that leaves an empty directory,
 * .nucleus-PID-TIME. One that is there already keeps its mode and owner. 0, or a negative errno;
 * -ESTALE when somebody else put another directory in its place. */
int new_directory_make(int parent_fd, const char *name, const struct new_directory *make);

#endif
