/* Bytes on their way from one descriptor to another, none of which may block. */
#ifndef NUCLEUS_PASSAGE_H
#define NUCLEUS_PASSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct passage {
	uint8_t *data;
	size_t start;
	size_t length;
	bool ended;  /* the source has no more */
	bool closed; /* and the sink knows */
};

/* Reads what there is, if nothing waits to be written. False: no more use. */
bool passage_fill(struct passage *passage, int fd);
/* Writes what can be written; tells a socket of the source's end. False: no more use. */
bool passage_drain(struct passage *passage, int fd);
/* What to wait for on a descriptor that is the one's source and the other's sink. */
short passage_events(const struct passage *from_here, const struct passage *to_here);

#endif
