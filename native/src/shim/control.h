/* What is done to a container: signals, stops, pauses. */
#ifndef NUCLEUS_CONTROL_H
#define NUCLEUS_CONTROL_H

#include "shim/shim.h"

/* Signals the workload. 0, or a negative errno. */
int shim_signal(struct shim *shim, int number);
/* Signals the workload for a client, with the effect that the signal has on any process: a PID 1
 * that neither handles nor blocks nor ignores a signal whose default action is to terminate ends
 * as if killed by it. The kernel alone would drop the signal (pid_namespaces(7)). A stop does not
 * do that: what has no handler yet may get one within the grace. 0, or a negative errno. */
int shim_signal_command(struct shim *shim, int number);
/* Does for a PID 1 in front of its terminal what the kernel doesn't, when these keys were typed. */
void shim_typed(struct shim *shim, const uint8_t *keys, size_t length);
/* Asks the container to end: the signal now, SIGKILL after `grace` ms. */
void shim_stop(struct shim *shim, int signal, uint32_t grace);
/* Stops every process of the container where it is, or lets them go on. 0, or a negative
 * errno. */
int shim_freeze(struct shim *shim, bool freeze);
/* Returns only once every process is frozen, because the client may copy the container's files
 * next. Blocks for seconds at most. 0, or a negative errno: -ETIMEDOUT, and all go on. */
int shim_pause(struct shim *shim);

#endif
