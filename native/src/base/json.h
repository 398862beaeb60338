/* Writes JSON to a descriptor, through a buffer that is wiped: the content may be secret. */
#ifndef NUCLEUS_JSON_H
#define NUCLEUS_JSON_H

#include <stddef.h>
#include <stdint.h>

struct json {
	int fd;
	int result; /* 0, or the negative errno of the first write that failed */
	size_t length;
	uint8_t buffer[4096];
};

/* Adds text unchanged. */
void json_text(struct json *json, const char *text);
/* Adds a string. Bytes from 0x80 on are left unchanged: JSON is UTF-8, and so is the string, or its
 * reader must handle it. */
void json_string(struct json *json, const char *value);
/* Adds an array of strings from a NULL-terminated vector. */
void json_strings(struct json *json, char *const values[]);
/* Writes the rest of the buffer. Returns 0, or a negative errno. */
int json_finish(struct json *json);

#endif
