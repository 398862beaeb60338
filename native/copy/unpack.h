/* Writes what an archive has to files, all of them beneath one directory: whatever the archive says
 * its names are, and whatever links somebody else puts there meanwhile. */
#ifndef NUCLEUS_COPY_UNPACK_H
#define NUCLEUS_COPY_UNPACK_H

#include <stdbool.h>

#include "beneath.h"
#include "report.h"
#include "tar.h"

/* Where an archive goes to. */
struct destination {
	int directory;        /* what all is written beneath */
	char from[BASE_SIZE]; /* the first component that every name has; empty: any */
	char name[BASE_SIZE]; /* what that becomes */
};

/* As cp(1) has it: into `base` in `parent` if that is a directory, under the name `source`; else as
 * `base` itself, which must be no link and nothing special. `source` empty: what is in the archive
 * goes into the directory, which is made. `must_be_directory`: it is one already. 0, or a negative
 * errno: -ELOOP for a link, -ENOTDIR, -EINVAL for what is neither file nor directory. */
int destination_open(int parent, const struct split *split, const char *source,
		     bool must_be_directory, struct destination *destination);

/* The first component of the archive's first name, which a later unpack begins with; empty for ".".
 * 0, or a negative errno. */
int unpack_peek(struct tar_reader *reader, char name[BASE_SIZE]);

struct unpacking {
	struct tar_reader *reader;
	struct report *report;
	const struct destination *destination;
	bool links;        /* symbolic and hard links are made; else left out */
	bool keep;         /* permission bits and times are those of the archive */
	unsigned int mask; /* of a process, umask(2); without effect if they are kept */
};

/* 0, or a negative errno: the rest is not read. What can't be written is reported. No file is ever
 * there in part under its name; of one that is not whole, nothing is left. */
int unpack(const struct unpacking *unpacking);

/* The same archive for somebody else to unpack, with nothing in it that this would not have. */
int repack(const struct unpacking *unpacking, struct tar_writer *writer);

/* Signals that end the process remove the file that is being written. */
void unpack_catch_signals(void);

#endif
