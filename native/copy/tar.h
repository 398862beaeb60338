/* Tar archives as streams: writes POSIX ustar with pax headers, and reads that and what GNU tar
 * writes. A reader trusts none of its input: every length is bounded and every number is checked
 * (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html). */
#ifndef NUCLEUS_COPY_TAR_H
#define NUCLEUS_COPY_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TAR_BLOCK 512U
/* Size of names and targets, with the final NUL. */
#define TAR_NAME_MAX 4096U
/* Size of the data of one extension header, such as a pax header. */
#define TAR_EXTENDED_MAX 65536U
#define TAR_BUFFER (1U << 17)

enum tar_type {
	TAR_FILE,
	TAR_DIRECTORY,
	TAR_SYMBOLIC_LINK,
	TAR_HARD_LINK,
	TAR_OTHER, /* not extracted; `what` says why */
};

struct tar_entry {
	enum tar_type type;
	const char *what;
	char name[TAR_NAME_MAX];
	char target[TAR_NAME_MAX]; /* of a link */
	uint64_t size;             /* of a file's data */
	uint32_t mode;             /* permission, set-ID and sticky bits */
	int64_t seconds;           /* of its last modification */
	uint32_t nanoseconds;
};

struct tar_reader {
	/* Reads into `bytes`. Returns the number of bytes, 0 at the end, or a negative errno. */
	ssize_t (*fill)(void *context, void *bytes, size_t size);
	void *context;
	uint64_t left;    /* unread data of the entry */
	uint32_t padding; /* after it */
	bool has_header;  /* `header` was read ahead */
	uint8_t header[TAR_BLOCK];
	size_t start;
	size_t end;
	uint8_t extended[TAR_EXTENDED_MAX];
	uint8_t buffer[TAR_BUFFER];
};

/* Reads the next entry, skipping unread data of the one before. Returns 1; 0 at the end of the
 * archive; or a negative errno: -EBADMSG if it is not an archive, -ENODATA if it ends early. */
int tar_next(struct tar_reader *reader, struct tar_entry *entry);
/* Reads some of the entry's data, which is valid until the next call. Returns its length; 0 at the
 * end; or a negative errno. */
ssize_t tar_read(struct tar_reader *reader, const uint8_t **data);
/* Reads past the entry's data, and tells whether its writer could provide all of it
 * (tar_write_missing). Returns 0, or a negative errno. */
int tar_finish(struct tar_reader *reader, bool *incomplete);

struct tar_writer {
	/* Writes all bytes. Returns 0, or a negative errno. */
	int (*drain)(void *context, const void *bytes, size_t length);
	void *context;
	uint64_t left; /* data of the entry that is still to be written */
	uint32_t padding;
	size_t length;
	uint8_t buffer[TAR_BUFFER];
};

/* Begins an entry; for a file, `size` bytes of data must follow. Returns 0, or a negative errno. */
int tar_write(struct tar_writer *writer, const struct tar_entry *entry);
int tar_write_data(struct tar_writer *writer, const void *data, size_t length);
/* Writes zeros for the missing rest of the entry's data, and then a record that says so: a global
 * pax header with a keyword of our own, which other readers ignore. */
int tar_write_missing(struct tar_writer *writer);
/* Ends the archive, and flushes the buffer. */
int tar_write_end(struct tar_writer *writer);

#endif
