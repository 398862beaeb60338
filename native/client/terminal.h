/* The user's terminal, while the process in the container uses it. */
#ifndef NUCLEUS_CLIENT_TERMINAL_H
#define NUCLEUS_CLIENT_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

/* Describes the terminal for the manager: u16 rows, u16 columns, and TERM. Returns the length; the
 * rows are 0 if standard input is not a terminal. */
size_t terminal_describe(uint8_t *payload, size_t size);
/* Switches to raw mode, in which each key is read as it is typed, until terminal_restore(). */
void terminal_give(void);
void terminal_restore(void);

/* Opens the terminal `fd` again with O_NONBLOCK, which does not affect open file descriptions that
 * others share. Returns `fd` itself if it is not a terminal or can't be opened. */
int terminal_reopen(int fd);

#endif
