/* The user's terminal, while another program has it. */
#ifndef NUCLEUS_CLIENT_TERMINAL_H
#define NUCLEUS_CLIENT_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

/* What the manager is told of it: u16 rows, u16 columns, and TERM. Returns its length; no rows
 * when standard input is no terminal. */
size_t terminal_describe(uint8_t *payload, size_t size);
/* Hands every key on as it is typed, until terminal_restore. */
void terminal_give(void);
void terminal_restore(void);

/* Opens the terminal `fd` again with O_NONBLOCK, which leaves the descriptions that others share
 * as they are. `fd` itself if it is not a terminal or can't be opened. */
int terminal_reopen(int fd);

#endif
