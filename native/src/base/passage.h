/* Bytes in transit from one descriptor to another, neither of which may block. */
#ifndef NUCLEUS_PASSAGE_H
#define NUCLEUS_PASSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct passage {
	uint8_t *data;
	size_t start;
	size_t length;
	bool ended;  /* the source has reached its end */
	bool closed; /* the end has been passed on to the sink */
};

/* Reads what is available, if nothing waits to be written. False on an error. */
bool passage_fill(struct passage *passage, int fd);
/* Writes what can be written, and shuts down a socket at the source's end. False on an error. */
bool passage_drain(struct passage *passage, int fd);
/* The events to poll for on a descriptor that is the source of one and the sink of the other. */
short passage_events(const struct passage *from_here, const struct passage *to_here);

#endif
