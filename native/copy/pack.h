/* Reads files and directories into an archive. */
#ifndef NUCLEUS_COPY_PACK_H
#define NUCLEUS_COPY_PACK_H

#include <stdbool.h>

#include "report.h"
#include "tar.h"

/* Directories one in another. */
#define DEPTH_MAX 128

struct packing {
	struct tar_writer *writer;
	struct report *report;
	bool links; /* symbolic links are taken along as what they are; else left out */
	bool keep;  /* times are told in full */
};

/* Packs what `base` names in `parent`, under that name; the parent itself, as ".", where base is
 * empty. What can't be read is reported and left out; links are never followed. 0, or a negative
 * errno: the archive is broken off. */
int pack(const struct packing *packing, int parent, const char *base);

#endif
