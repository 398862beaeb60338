/* Spare shims: forked, and given a network namespace, while nobody asks. A request finds
 * most of its launch done. */
#ifndef NUCLEUS_SPARE_H
#define NUCLEUS_SPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#define SPARES 4

struct spares {
	int controls[SPARES]; /* one socket each */
	size_t count;
};

/* Forks one more. 0, or a negative errno. `listener_fd` is closed in it. */
int spare_add(struct spares *spares, int listener_fd);
/* Hands a connection to one. False when there is none: fork a shim for it. */
bool spare_hand_over(struct spares *spares, int connection_fd, const struct ucred *peer);
/* Closes the sockets; the spares leave with them. */
void spares_close(struct spares *spares);

#endif
