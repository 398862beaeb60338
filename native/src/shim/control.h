/* Controls a container: signals, stops, pauses. */
#ifndef NUCLEUS_CONTROL_H
#define NUCLEUS_CONTROL_H

#include "shim/shim.h"

/* Signals the workload. 0, or a negative errno. */
int shim_signal(struct shim *shim, int number);
/* Signals the workload for a client, with the effect that the signal has on any process: a PID 1
 * that neither handles, blocks nor ignores a signal whose default action is to terminate ends as if
 * killed by it. The kernel alone would drop the signal (pid_namespaces(7)). A stop does not do
 * this: a workload without a handler may still install one within the grace period. `group`: its
 * whole process group, as a terminal does. 0, or a negative errno. */
int shim_signal_command(struct shim *shim, int number, bool group);
/* Delivers the signal of a typed key, such as Ctrl-C, to a workload that is PID 1 and in the
 * foreground of its terminal: the kernel would drop it. */
void shim_typed(struct shim *shim, const uint8_t *keys, size_t length);
/* Stops the container: sends the signal now, and SIGKILL after `grace` ms. */
void shim_stop(struct shim *shim, int signal, uint32_t grace);
/* Freezes or thaws every process of the container. 0, or a negative errno. */
int shim_freeze(struct shim *shim, bool freeze);
/* Freezes the container, and returns only once every process is frozen, because the client may copy
 * the container's files next. Blocks for a few seconds at most. 0, or a negative errno such as
 * -ETIMEDOUT: the container is thawed again, unless it was already paused. */
int shim_pause(struct shim *shim);

#endif
