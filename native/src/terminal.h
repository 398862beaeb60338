/* Pseudo-terminals of the host's, one end of which is a process's standard streams (pty(7)). The
 * shim keeps the other: its output goes to a stream as a pipe's does. */
#ifndef NUCLEUS_TERMINAL_H
#define NUCLEUS_TERMINAL_H

#include <stdint.h>

#include "plan.h"

/* The three standard streams and what they are read and written by: both pairs of the same
 * terminal. `out` gets the master, `in` a copy of it. 0, or a negative errno. */
int terminal_open(const struct plan *plan, const struct terminal_size *size, int in[2], int out[2],
		  int err[2]);
/* Gives the terminal that `in` and `out` are the near ends of to whoever listens on the socket,
 * and keeps none (OCI runtimes' --console-socket: one message with the descriptor). 0, or a
 * negative errno. */
int terminal_hand_over(const char *socket_path, int in[2], int out[2]);
int terminal_resize(int master, const struct terminal_size *size);
/* Makes standard input the controlling terminal of this session, which has none. */
int terminal_take(void);

#endif
