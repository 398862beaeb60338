/* The client's part of `nucleus cp`: files go as an archive between a process in the container
 * (native/src/shim/copy.h) and one here, a child of this client, which reads or writes them as its
 * user. What comes out of a container is not trusted: the child that unpacks it can write beneath
 * the destination and nowhere else. */
#ifndef NUCLEUS_CLIENT_COPY_H
#define NUCLEUS_CLIENT_COPY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "streams.h"

struct copy {
	bool wanted;     /* the command is cp */
	bool understood; /* its arguments are; else the manager says what is wrong with them */
	bool in;         /* to the container */
	bool keep;       /* permissions and times */
	bool verbose;
	const char *host;   /* a path, or "-" for an archive through a standard stream */
	const char *inside; /* a path in the container */
	pid_t child;        /* 0: none */
	int code;           /* the child's */
	int reports;        /* what the process in the container reports; else -1 */
	unsigned int lines; /* of that, so far */
	size_t length;
	char line[1024];
	/* Writes to standard error while signals are handled. */
	void (*write_error)(void *context, const char *text, size_t length);
	void *context;
};

/* Reads the command line, from the command on. */
void copy_parse(struct copy *copy, int count, char *const arguments[]);
/* Begins, with the streams of the process in the container: they are the copy's from then on.
 * False: it can't, which has been told. */
bool copy_begin(struct copy *copy, struct streams *streams, bool with_input);
struct pollfd copy_poll(const struct copy *copy);
/* Hands on what the process in the container reports. */
void copy_move(struct copy *copy, const struct pollfd *polled);
/* The child has ended. True: the copy can't go on. */
bool copy_reap(struct copy *copy);
bool copy_ended(const struct copy *copy);
/* Ends the child, which removes what is not whole. */
void copy_stop(struct copy *copy);
/* The exit code of the command. `code`: of the process in the container. */
int copy_code(const struct copy *copy, int code);

#endif
