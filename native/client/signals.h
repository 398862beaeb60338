/* The signals of the client. */
#ifndef NUCLEUS_CLIENT_SIGNALS_H
#define NUCLEUS_CLIENT_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* A signalfd(2) of all signals except those for the client itself (its faults, its use of a
 * terminal, and SIGXFSZ) and those that its caller ignores. It includes SIGXCPU, so that the client
 * can restore the terminal before it ends. -1 with errno. */
int signals_watch(void);
/* Whether a watched signal terminates a process by default. */
bool signal_terminates(uint32_t number);
/* Stops this client, as job control expects. Uses SIGTSTP instead of SIGSTOP: the kernel ignores it
 * for an orphaned process group, which no shell could continue. */
void signals_suspend(void);

#endif
