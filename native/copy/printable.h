/* Escapes untrusted names and messages for a terminal. */
#ifndef NUCLEUS_COPY_PRINTABLE_H
#define NUCLEUS_COPY_PRINTABLE_H

#include <stddef.h>

/* Writes `text` to `out`, which is always terminated: well-formed UTF-8 unchanged, but control
 * characters, characters that are invisible or change the direction of text, and bytes that are not
 * UTF-8 as \xNN. Truncated text ends in "...". Returns the length. */
size_t printable(char *out, size_t size, const char *text, size_t length);

#endif
