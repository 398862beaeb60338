/* The signals of the client. */
#ifndef NUCLEUS_CLIENT_SIGNALS_H
#define NUCLEUS_CLIENT_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* A signalfd(2) of all signals but the client's own: those of its faults, of its use of a terminal,
 * and SIGXFSZ; and those that its caller ignores. SIGXCPU is among them, so that the client can
 * restore the terminal before it ends. -1 with errno. */
int signals_watch(void);
/* Whether the signal, of those that are watched, terminates a process by default. */
bool signal_terminates(uint32_t number);
/* Stops this client, as job control expects. By SIGTSTP and not by SIGSTOP: the kernel ignores it
 * for an orphaned process group, which no shell could continue. */
void signals_suspend(void);

#endif
