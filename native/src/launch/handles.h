/* Descriptors of a container's namespaces and root, for a supervisor that is not root. The init
 * becomes undumpable before the workload's first instruction, so that no process inside can inspect
 * it. That closes /proc/PID to its supervisor as well (ptrace(2), "Ptrace access mode checking"),
 * so the init sends the descriptors needed to enter the container before that. */
#ifndef NUCLEUS_HANDLES_H
#define NUCLEUS_HANDLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"

/* The root, and the namespaces in the order in which they are entered. */
#define HANDLES 8

struct handles {
	int fds[HANDLES]; /* -1: none */
};

/* Sets all descriptors to -1. */
void handles_init(struct handles *handles);
void handles_close(struct handles *handles);
/* Called by PID 1, in the container's root and with its /proc: sends the descriptors with `record`.
 * 0, or a negative errno. */
int handles_send(int fd, const void *record, size_t size, struct failure *failure);
/* Takes the descriptors received with a message, and closes those that it doesn't keep. */
void handles_take(struct handles *handles, const int *fds, size_t count);
/* Enters the given namespaces (CLONE_NEW*) and the root. 0, or a negative errno. */
int handles_enter(const struct handles *handles, uint32_t namespaces, struct failure *failure);
/* Enters the namespaces only. 0, or a negative errno. */
int handles_enter_namespaces(const struct handles *handles, uint32_t namespaces);

#endif
