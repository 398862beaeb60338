/* Pseudo-terminals for a process's standard streams (pty(7)). The shim keeps the master and handles
 * its output like that of a pipe. They belong to the container's own devpts, so that they have a
 * name in its /dev/pts; or to the host's, with runsc, which passes them on, or if an exec can't get
 * one of the container's. */
#ifndef NUCLEUS_TERMINAL_H
#define NUCLEUS_TERMINAL_H

#include <stdint.h>

#include "launch/plan.h"
#include "shim/shim.h"

/* Opens a terminal for the three standard streams. in[0], out[1] and err[1] get its slave, out[0]
 * the master and in[1] a duplicate of the master; err[0] is -1. 0, or a negative errno. */
int terminal_open(const struct shim *shim, const struct terminal_size *size, int in[2], int out[2],
		  int err[2]);
/* Sends the master to the process that listens on the socket (OCI runtimes' --console-socket: one
 * message with the descriptor). 0, or a negative errno. */
int terminal_hand_over(const char *socket_path, int master);
/* The signal that the terminal sends to its foreground process group for the first of these bytes
 * that is a signal key; 0: none. `group` gets that process group. */
int terminal_key_signal(int master, const uint8_t *keys, size_t length, pid_t *group);

#endif
