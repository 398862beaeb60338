/* What a container's filter does not allow, as its listener hears of it: answered, and kept
 * in a table of who tried what how often (seccomp_unotify(2)). */
#ifndef NUCLEUS_NOTICE_H
#define NUCLEUS_NOTICE_H

#include "shim/shim.h"

struct connection;

#define NO_ARGUMENT 15U /* no index of an argument */

/* Which argument tells what a call is for, where the number alone does not; or
 * NO_ARGUMENT. */
unsigned int notice_telling_argument(int number);
/* Hears, from now on, what the listener tells. `source` is the workload's, or an exec's. */
void notice_watch(struct source *source, int listener);
/* Takes the listener out of a process that waits in its launch until it is let go. 0, or a
 * negative errno. */
int notice_fetch(struct source *source, int pidfd, int listener);
/* The table as lines of JSON, to a connection. */
void notice_send(const struct shim *shim, struct connection *connection);
/* The same as the file denials.json in the container's directory; none when nothing was
 * denied. */
void notice_write(const struct shim *shim);

#endif
