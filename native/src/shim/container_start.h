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
/* Lets a container that was held start its command. 0, or a negative errno. */
int shim_release(struct shim *shim);
/* Undoes what a launch that failed has done so far, and says why it failed. */
void shim_undo(struct shim *shim, const struct failure *failure, int connection_fd);

#endif
