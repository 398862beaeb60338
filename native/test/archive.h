/* An archive in memory that tests write and then read. */
#ifndef NUCLEUS_ARCHIVE_H
#define NUCLEUS_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "copy/tar_reader.h"
#include "copy/tar_writer.h"

struct archive {
	uint8_t bytes[1 << 20];
	size_t length;
	size_t at;
};

extern struct archive archive;
extern struct tar_writer writer;
extern struct tar_reader reader;
extern struct tar_entry entry;

/* Writes to and reads from an archive, as writer and reader do. */
int drain(void *context, const void *bytes, size_t length);
ssize_t fill(void *context, void *bytes, size_t size);

/* Empties the archive. */
void begin(void);
void add(enum tar_type type, const char *name, const char *target, uint32_t mode, const char *data);
/* Ends the archive. */
void finish(void);

#endif
