/* Extracts an archive to files beneath one directory, whatever names the archive contains, and
 * whatever links somebody else puts there meanwhile. */
#ifndef NUCLEUS_COPY_UNPACK_H
#define NUCLEUS_COPY_UNPACK_H

#include <stdbool.h>

#include "beneath.h"
#include "report.h"
#include "tar_reader.h"
#include "tar_writer.h"

/* The destination of an archive. */
struct destination {
	int directory;        /* everything is written beneath it */
	char from[BASE_SIZE]; /* the first component of every name; empty: any */
	char name[BASE_SIZE]; /* what it is replaced by */
};

/* Like cp(1): into `base` in `parent` under the name `source` if that is a directory; else as
 * `base` itself, which must not be a link or a special file. If `source` is empty, the content of
 * the archive goes into the directory, which is created; with `must_be_directory` it must exist.
 * Returns 0, or a negative errno: -ELOOP for a link, -ENOTDIR, -EINVAL for what is neither file nor
 * directory. */
int destination_open(int parent, const struct split *split, const char *source,
		     bool must_be_directory, struct destination *destination);

/* Reads the first component of the archive's first name, with which a later unpack begins; empty
 * for ".". Returns 0, or a negative errno. */
int unpack_peek(struct tar_reader *reader, char name[BASE_SIZE]);

struct unpacking {
	struct tar_reader *reader;
	struct report *report;
	const struct destination *destination;
	bool links;        /* symbolic and hard links are created; else left out */
	bool keep;         /* permission bits and times are those of the archive */
	unsigned int mask; /* a umask(2); ignored if permissions are kept */
};

/* Returns 0, or a negative errno if the rest was not read. What can't be written is reported. An
 * incomplete file never has its final name, and is removed. */
int unpack(const struct unpacking *unpacking);

/* Writes the same archive for another process to unpack, without the entries that this process
 * would leave out. */
int repack(const struct unpacking *unpacking, struct tar_writer *writer);

/* Makes signals that end the process remove the file that is being written. */
void unpack_catch_signals(void);

#endif
