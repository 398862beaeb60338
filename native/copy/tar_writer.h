/* Writes tar archives as streams. */
#ifndef NUCLEUS_COPY_TAR_WRITER_H
#define NUCLEUS_COPY_TAR_WRITER_H

#include "tar.h"

/* Large: a static one has no initializer, so that it stays in .bss. */
struct tar_writer {
	/* Writes all bytes. Returns 0, or a negative errno. */
	int (*drain)(void *context, const void *bytes, size_t length);
	void *context;
	uint64_t left; /* data of the entry that is still to be written */
	uint32_t padding;
	size_t length;
	uint8_t buffer[TAR_BUFFER];
};

/* Begins an entry. For a file, its data must follow: `size` bytes or, for a sparse one, those of
 * its map. Returns 0, or a negative errno. */
int tar_write(struct tar_writer *writer, const struct tar_entry *entry);
int tar_write_data(struct tar_writer *writer, const void *data, size_t length);
/* Writes zeros for the missing rest of the entry's data, and then a record that says so: a global
 * pax header with a keyword of our own, which other readers ignore. */
int tar_write_missing(struct tar_writer *writer);
/* Ends the archive, and flushes the buffer. */
int tar_write_end(struct tar_writer *writer);

#endif
