/* The client's part of `nucleus cp`: files are sent as an archive between a process in the
 * container (native/src/shim/copy.h) and a child of this client, which reads or writes them as its
 * user. An archive from a container is untrusted: the child that unpacks it can write only beneath
 * the destination. */
#ifndef NUCLEUS_CLIENT_COPY_H
#define NUCLEUS_CLIENT_COPY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "streams.h"

struct copy {
	bool wanted;     /* the command is cp */
	bool understood; /* its arguments are valid; else the manager reports what is wrong */
	bool in;         /* into the container */
	bool keep;       /* permissions and times are kept */
	bool verbose;
	const char *host;   /* a path, or "-" for an archive through a standard stream */
	const char *inside; /* a path in the container */
	pid_t child;        /* 0: none */
	int code;           /* exit code of the child */
	int reports;        /* standard error of the process in the container; or -1 */
	unsigned int lines; /* lines of it so far */
	size_t length;
	char line[1024];
	/* Writes to standard error while handling signals. */
	void (*write_error)(void *context, const char *text, size_t length);
	void *context;
};

/* Parses the command line, beginning at the command. */
void copy_parse(struct copy *copy, int count, char *const arguments[]);
/* Starts the copy, which takes ownership of the streams of the process in the container. False: it
 * failed and has reported why. */
bool copy_begin(struct copy *copy, struct streams *streams, bool with_input);
struct pollfd copy_poll(const struct copy *copy);
/* Forwards the error messages of the process in the container. */
void copy_move(struct copy *copy, const struct pollfd *polled);
/* Reaps the child if it has exited. True: the copy can't continue. */
bool copy_reap(struct copy *copy);
bool copy_ended(const struct copy *copy);
/* Terminates the child, which removes an incomplete file. */
void copy_stop(struct copy *copy);
/* The exit code of the command, given that of the process in the container. */
int copy_code(const struct copy *copy, int code);

#endif
