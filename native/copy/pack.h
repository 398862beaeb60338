/* Packs files and directories into an archive. */
#ifndef NUCLEUS_COPY_PACK_H
#define NUCLEUS_COPY_PACK_H

#include <stdbool.h>

#include "report.h"
#include "tar_writer.h"

/* Maximum depth of directories. */
#define DEPTH_MAX 128

struct packing {
	struct tar_writer *writer;
	struct report *report;
	bool links; /* symbolic links are packed as links; else left out */
	bool keep;  /* times include nanoseconds */
};

/* Packs the entry `base` of `parent` under that name, or, if base is empty, the parent itself as
 * ".". What can't be read is reported and left out; links are never followed. Returns 0, or a
 * negative errno if the archive is incomplete. */
int pack(const struct packing *packing, int parent, const char *base);

#endif
