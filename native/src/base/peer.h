/* Who connects to a socket of ours: taken, or told why not. */
#ifndef NUCLEUS_PEER_H
#define NUCLEUS_PEER_H

struct failure;

/* Tells the peer that the launch it asks for failed; the connection stays the caller's. */
void peer_refuse(int fd, const struct failure *failure);

/* Keeps a descriptor to give up when there are no others; a process that is forked has it too. */
void peer_keep_reserve(void);

/* accept4(2) with these flags. Out of descriptors a connection can't be taken, and so can't be
 * refused either: its peer would wait for ever, and the socket be ready for ever. Then the reserve
 * is given up for the moment, and the peer refused, in the words of `refuse`. -1: nobody was
 * taken. */
int peer_accept(int listener, int flags, void (*refuse)(int fd, const struct failure *failure));

#endif
