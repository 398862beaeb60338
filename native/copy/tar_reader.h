/* Reads tar archives as streams, those of our writer and of GNU tar. Trusts none of its input:
 * every length is bounded and every number is checked. */
#ifndef NUCLEUS_COPY_TAR_READER_H
#define NUCLEUS_COPY_TAR_READER_H

#include "tar.h"

/* Large: a static one has no initializer, so that it stays in .bss. */
struct tar_reader {
	/* Reads into `bytes`. Returns the number of bytes, 0 at the end, or a negative errno. */
	ssize_t (*fill)(void *context, void *bytes, size_t size);
	void *context;
	uint64_t left;    /* unread data of the entry */
	uint32_t padding; /* after it */
	uint64_t offset;  /* of the next data in the file */
	size_t extent;    /* part of a sparse file that is being read */
	uint64_t within;  /* offset in it */
	bool has_header;  /* `header` was read ahead */
	uint8_t header[TAR_BLOCK];
	size_t start;
	size_t end;
	struct tar_map map;
	uint8_t extended[TAR_EXTENDED_MAX];
	uint8_t buffer[TAR_BUFFER];
};

/* Reads the next entry, skipping unread data of the one before. Returns 1; 0 at the end of the
 * archive; or a negative errno: -EBADMSG if it is not an archive, -ENODATA if it ends early. */
int tar_next(struct tar_reader *reader, struct tar_entry *entry);
/* Reads some of the entry's data, which is valid until the next call, and its offset in the file:
 * what lies between is a hole. Returns its length; 0 at the end; or a negative errno. */
ssize_t tar_read(struct tar_reader *reader, const struct tar_entry *entry, const uint8_t **data,
		 uint64_t *offset);
/* Reads past the entry's data, and tells whether its writer could provide all of it
 * (tar_write_missing). Returns 0, or a negative errno. */
int tar_finish(struct tar_reader *reader, bool *incomplete);

#endif
