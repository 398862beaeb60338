/* Streams of files in the format of tar: POSIX ustar with pax headers is written; that and what GNU
 * tar writes is read. A reader trusts nothing of what it reads: every length is bounded and every
 * number is checked (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html). */
#ifndef NUCLEUS_COPY_TAR_H
#define NUCLEUS_COPY_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TAR_BLOCK 512U
/* Of names and targets, with the final NUL. */
#define TAR_NAME_MAX 4096U
/* Of the data of one header that extends another, such as a pax header. */
#define TAR_EXTENDED_MAX 65536U
#define TAR_BUFFER (1U << 17)

enum tar_type {
	TAR_FILE,
	TAR_DIRECTORY,
	TAR_SYMBOLIC_LINK,
	TAR_HARD_LINK,
	TAR_OTHER, /* what is not taken out of an archive; `what` says why */
};

struct tar_entry {
	enum tar_type type;
	const char *what;
	char name[TAR_NAME_MAX];
	char target[TAR_NAME_MAX]; /* of a link */
	uint64_t size;             /* of a file's data */
	uint32_t mode;             /* permission, set-ID and sticky bits */
	int64_t seconds;           /* of its last change */
	uint32_t nanoseconds;
};

struct tar_reader {
	/* Bytes to `bytes`: how many, 0 at the end, or a negative errno. */
	ssize_t (*fill)(void *context, void *bytes, size_t size);
	void *context;
	uint64_t left;    /* of the data of an entry */
	uint32_t padding; /* after it */
	size_t start;
	size_t end;
	uint8_t extended[TAR_EXTENDED_MAX];
	uint8_t buffer[TAR_BUFFER];
};

/* The next entry, whatever has been read of the one before. 1; 0: the archive has ended; or a
 * negative errno: -EBADMSG for what is no archive, -ENODATA where it ends in the middle. */
int tar_next(struct tar_reader *reader, struct tar_entry *entry);
/* Some of the entry's data, which is good until the next call. Its length; 0: there is no more; or
 * a negative errno. */
ssize_t tar_read(struct tar_reader *reader, const uint8_t **data);

struct tar_writer {
	/* Takes all bytes. 0, or a negative errno. */
	int (*drain)(void *context, const void *bytes, size_t length);
	void *context;
	uint64_t left; /* of the data that was announced */
	uint32_t padding;
	size_t length;
	uint8_t buffer[TAR_BUFFER];
};

/* Begins an entry; for a file, `size` bytes of data have to follow. 0, or a negative errno. */
int tar_write(struct tar_writer *writer, const struct tar_entry *entry);
int tar_write_data(struct tar_writer *writer, const void *data, size_t length);
/* Fills up what is missing of the entry's data with zeros. */
int tar_write_missing(struct tar_writer *writer);
/* Ends the archive, and hands everything on. */
int tar_write_end(struct tar_writer *writer);

#endif
