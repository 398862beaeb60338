/* Descriptors of a container's namespaces and root, for a supervisor without root. Its init is
 * undumpable from before the workload's first instruction on, so that nobody inside can look into
 * it, and then /proc/PID is closed to its supervisor as well (ptrace(2), "Ptrace access mode
 * checking"): the init hands over what is needed to enter, before. */
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

/* No descriptors. */
void handles_none(struct handles *handles);
void handles_close(struct handles *handles);
/* By PID 1, in its root and with its /proc: sends them with `record`. 0, or a negative errno. */
int handles_send(int fd, const void *record, size_t size, struct failure *failure);
/* Takes those that came with a message. */
void handles_take(struct handles *handles, const int *fds, size_t count);
/* Enters those of the namespaces (CLONE_NEW*), and the root. 0, or a negative errno. */
int handles_enter(const struct handles *handles, uint32_t namespaces, struct failure *failure);
/* Enters the namespaces alone. */
int handles_enter_namespaces(const struct handles *handles, uint32_t namespaces);

#endif
