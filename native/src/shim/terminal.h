/* Pseudo-terminals, one end of which is a process's standard streams (pty(7)). The shim keeps the
 * other: its output goes to a stream as a pipe's does. They are of the container's own devpts, so
 * that they have a name in its /dev/pts; of the host's with runsc, which passes them
 * on, or where a command that is run inside can't get one of the container's. */
#ifndef NUCLEUS_TERMINAL_H
#define NUCLEUS_TERMINAL_H

#include <stdint.h>

#include "launch/plan.h"
#include "shim/shim.h"

/* By the shim: the three standard streams and what they are read and written by, both pairs of the
 * same terminal. `out` gets the master, `in` a copy of it. 0, or a negative errno. */
int terminal_open(const struct shim *shim, const struct terminal_size *size, int in[2], int out[2],
		  int err[2]);
/* Gives the master to whoever listens on the socket (OCI runtimes' --console-socket: one message
 * with the descriptor). 0, or a negative errno. */
int terminal_hand_over(const char *socket_path, int master);
/* The signal that the terminal makes of the first key in these bytes that it makes one of, for the
 * processes in front; 0: none. `group` gets their process group. */
int terminal_key_signal(int master, const uint8_t *keys, size_t length, pid_t *group);

#endif
