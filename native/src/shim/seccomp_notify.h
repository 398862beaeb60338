/* System calls that a container's filter does not allow, as received through its listener
 * (seccomp_unotify(2)). They are answered, and counted in a table by program and call. */
#ifndef NUCLEUS_SECCOMP_NOTIFY_H
#define NUCLEUS_SECCOMP_NOTIFY_H

#include "shim/shim.h"

struct connection;

#define NO_ARGUMENT 15U /* not an argument's index */

/* Index of the argument that shows a call's purpose, where its number alone does not; or
 * NO_ARGUMENT. */
unsigned int notice_key_argument(int number);
/* Handles the listener's notifications from now on. `source` is the workload's or an exec's. */
void notice_watch(struct source *source, int listener);
/* Fetches the listener from a process, which waits in its launch until it is resumed. 0, or a
 * negative errno. */
int notice_fetch(struct source *source, int pidfd, int listener);
/* Sends the table to a connection, as lines of JSON. */
void notice_send(const struct shim *shim, struct connection *connection);
/* Writes the table to denials.json in the container's directory, unless nothing was denied. */
void notice_write(const struct shim *shim);

#endif
