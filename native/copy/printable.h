/* Names and messages that somebody else chose, for a terminal. */
#ifndef NUCLEUS_COPY_PRINTABLE_H
#define NUCLEUS_COPY_PRINTABLE_H

#include <stddef.h>

/* Writes `text` to `out`, which is always terminated: well-formed UTF-8 as it is, but control
 * characters, characters that are invisible or change the direction of text, and bytes that are no
 * UTF-8 as \xNN. What doesn't fit is left out and marked by "...". Returns the length. */
size_t printable(char *out, size_t size, const char *text, size_t length);

#endif
