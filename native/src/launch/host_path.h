/* Host paths that the privileged side opens for a container: component by component from the root,
 * by descriptor, so that the file that was checked is the file that is used. */
#ifndef NUCLEUS_HOST_PATH_H
#define NUCLEUS_HOST_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/failure.h"
#include "launch/plan.h"

/* Opens a program that will run with this process's privileges: the path must contain no link, and
 * only root may be able to change any component of it. A descriptor, or a negative errno with a
 * detail. */
int host_path_open_program(const char *path, struct failure *failure);

/* Checks the interpreter of a script as strictly as the program itself, and that interpreter's
 * interpreter if it is a script too. Links are followed if only root can change them. 0, or a
 * negative errno with a detail. */
int host_path_check_interpreters(const char *path, struct failure *failure);

/* Opens a path in this process's root, which is a container's: links are followed only on read-only
 * mounts, because the container could have created any other. A descriptor (O_PATH), or a negative
 * errno: -ELOOP for such a link. */
int host_path_open_inside(const char *path);

/* Suffix of the message about a source that is not the one that was checked (-ESTALE). */
#define HOST_PATH_REPLACED ": it was replaced after it was checked"

/* Checks that the descriptor's file has this device and inode; inode 0: any. 0, -ESTALE, or another
 * negative errno. */
int host_path_is(int fd, uint64_t device, uint64_t inode);

/* Refuses a tree that, with its submounts, contains or lies in one of the plan's reserved
 * directories, under any name (an alias made by a bind mount has another path and the same files).
 * 0, -ECANCELED with a detail, or another negative errno. */
int host_path_refuse_reserved(const struct plan *plan, int fd, const char *path,
			      struct failure *failure);

/* Checks every source that a user named, creates missing volumes, and records device and inode of
 * each in its step: the file that is bound later must be the same. A symbolic link on the way is
 * followed only if nobody but the host's root could have put it there, and never inside a source of
 * the plan: any other link would lead the privileged side to places that its creator can't access
 * (cf. CVE-2018-15664). */
int host_paths_check(struct plan *plan, struct failure *failure);

#endif
