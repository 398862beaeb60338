/* Pairs of pseudo-terminals (pty(7)). */
#ifndef NUCLEUS_PTY_H
#define NUCLEUS_PTY_H

#include "launch/plan.h"

/* Opens a new pair: the master, from the ptmx at `path` below the directory, and its slave. 0, or a
 * negative errno. */
int pty_open(int directory_fd, const char *path, const struct terminal_size *size, int *master,
	     int *slave);
/* Called by PID 1: opens a pair in the root that it has just built. 0, or a negative errno. */
int pty_open_inside(const struct terminal_size *size, int *master, int *slave);
int pty_resize(int master, const struct terminal_size *size);
/* Makes standard input the controlling terminal of this session, which has none. */
int pty_take(void);

#endif
