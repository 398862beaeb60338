/* Accepts or refuses connections to the sockets of spawner and shims. */
#ifndef NUCLEUS_PEER_H
#define NUCLEUS_PEER_H

struct failure;

/* Reports to the peer that the launch that it requested failed; the caller keeps the connection. */
void peer_refuse(int fd, const struct failure *failure);

/* Reserves a descriptor, to be closed when no other is free; a forked process inherits it. */
void peer_keep_reserve(void);

/* accept4(2) with these flags. Without a free descriptor a connection can be neither accepted nor
 * refused: its peer would wait forever, and the socket would stay readable. Then the reserve is
 * closed for a moment, and the peer is refused by `refuse`. Returns -1 if no connection was
 * accepted. */
int peer_accept(int listener, int flags, void (*refuse)(int fd, const struct failure *failure));

#endif
