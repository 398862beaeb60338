/* Work within another network namespace. */
#ifndef NUCLEUS_NETNS_H
#define NUCLEUS_NETNS_H

/* Calls open within a network namespace, given by a descriptor of it or of a process in it
 * (setns(2)), and returns to the caller's: only for a process with one thread. Returns the result
 * of open, or a negative errno. A process that can't return exits: it would go on in the wrong
 * network. */
int netns_open(int namespace_fd, int (*open)(int argument), int argument);

#endif
