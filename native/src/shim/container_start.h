/* A shim's beginning: from the bytes of a plan to a container that runs, or to nothing left
 * of it. */
#ifndef NUCLEUS_BEGIN_H
#define NUCLEUS_BEGIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/wire.h"
#include "shim/shim.h"

/* Reads the one frame that a conversation with the spawner begins with, a launch or another
 * request. Its bytes, or NULL. */
uint8_t *shim_receive(int connection_fd, enum request *type, size_t *length,
		      struct failure *failure);
/* Carries the plan out as far as the child that becomes the container. 0, or a negative
 * errno: then there may be something to undo. */
int shim_begin(struct shim *shim, struct failure *failure);
/* Whoever ended, or wrote, has been executed: the report of that is there, whatever order
 * poll(2) saw them in. */
void shim_finish_launch(struct shim *shim);
/* What follows the hooks before a launch: the child goes on; with a failure, the launch ends. */
void shim_go_on(struct shim *shim, const struct failure *failure);
/* Tells all who listen of something that went wrong and is gone on without. */
void shim_warn(struct shim *shim, const struct failure *failure);
/* Undoes what a launch that failed has done so far, and says why it failed. */
void shim_undo(struct shim *shim, const struct failure *failure, int connection_fd);
/* Makes the workload's user, as the host knows it, the owner of a pipe's end: it is opened
 * again through /dev/stdout (proc(5)). */
void give_to_workload(const struct plan *plan, int fd);
/* Points the standard streams to nothing. */
void shim_close_streams(void);

#endif
