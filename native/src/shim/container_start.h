/* The start of a container: from the bytes of a plan to a running container or, after a failure, to
 * a completed cleanup. */
#ifndef NUCLEUS_CONTAINER_START_H
#define NUCLEUS_CONTAINER_START_H

#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/wire.h"
#include "shim/shim.h"

/* Reads the first frame of a connection to the spawner: a launch or another request. Returns its
 * payload, or NULL. */
uint8_t *shim_receive(int connection_fd, enum request *type, size_t *length,
		      struct failure *failure);
/* Executes the plan up to cloning the child that becomes the container. 0, or a negative errno: the
 * caller then calls shim_undo. */
int shim_launch(struct shim *shim, struct failure *failure);
/* Reads the remaining launch reports. Called when the container has exited or written output: its
 * launch is over by then, whichever descriptor poll(2) returned first. */
void shim_finish_launch(struct shim *shim);
/* Lets a held container start its command. 0, or a negative errno. */
int shim_release(struct shim *shim);
/* Undoes the completed steps of a failed launch, and reports the failure. */
void shim_undo(struct shim *shim, const struct failure *failure, int connection_fd);

#endif
