/* Entries of tar archives: POSIX ustar with pax headers
 * (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html), sparse files as in version
 * 1.0 of GNU tar's format, which bsdtar and the libraries of Go and Python read too
 * (https://www.gnu.org/software/tar/manual/html_node/PAX-1.html). */
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
/* Maximum number of parts of a sparse file. */
#define TAR_EXTENTS_MAX 16384U

enum tar_type {
	TAR_FILE,
	TAR_DIRECTORY,
	TAR_SYMBOLIC_LINK,
	TAR_HARD_LINK,
	TAR_OTHER, /* not extracted; `what` says why */
};

/* A part of a sparse file that has data. */
struct tar_extent {
	uint64_t offset;
	uint64_t length;
};

/* The parts of a sparse file that have data, ordered by offset. All else is holes. */
struct tar_map {
	size_t count;
	struct tar_extent extents[TAR_EXTENTS_MAX];
};

static inline uint64_t tar_map_data_length(const struct tar_map *map)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < map->count; i++)
		sum += map->extents[i].length;
	return sum;
}

struct tar_entry {
	enum tar_type type;
	const char *what;
	int error; /* of a file that can't be extracted, an errno; else 0 */
	char name[TAR_NAME_MAX];
	char target[TAR_NAME_MAX]; /* of a link */
	uint64_t size;             /* of a file, with its holes */
	const struct tar_map *map; /* of a sparse file; else NULL */
	uint32_t mode;             /* permission, set-ID and sticky bits */
	int64_t seconds;           /* of its last modification */
	uint32_t nanoseconds;
};

#endif
