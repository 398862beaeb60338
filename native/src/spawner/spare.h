/* Spare shims, forked and given a network namespace while no request is pending: a request finds
 * most of its launch done. */
#ifndef NUCLEUS_SPARE_H
#define NUCLEUS_SPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#define SPARES 4

struct spares {
	int controls[SPARES]; /* one socket for each */
	size_t count;
};

/* Forks one more, in which `listener_fd` is closed. Returns 0, or a negative errno. */
int spare_add(struct spares *spares, int listener_fd);
/* Passes a connection to a spare. False if there is none: the caller then forks a shim. */
bool spare_hand_over(struct spares *spares, int connection_fd, const struct ucred *peer);
/* Closes the sockets, which makes the spares exit. */
void spares_close(struct spares *spares);

#endif
