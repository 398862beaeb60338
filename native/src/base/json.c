#include "base/json.h"

#include <string.h>

#include "base/descriptors.h"

static void flush(struct json *json)
{
	if (json->result == 0)
		json->result = write_whole(json->fd, json->buffer, json->length);
	json->length = 0;
}

static void put(struct json *json, char byte)
{
	if (json->length == sizeof(json->buffer))
		flush(json);
	json->buffer[json->length++] = (uint8_t)byte;
}

void json_text(struct json *json, const char *text)
{
	for (; *text != '\0'; text++)
		put(json, *text);
}

/* RFC 8259, section 7. */
void json_string(struct json *json, const char *value)
{
	static const char digits[] = "0123456789abcdef";

	put(json, '"');
	for (; *value != '\0'; value++) {
		uint8_t byte = (uint8_t)*value;

		if (byte < 0x20) {
			json_text(json, "\\u00");
			put(json, digits[byte >> 4]);
			put(json, digits[byte & 0xf]);
			continue;
		}
		if (byte == '"' || byte == '\\')
			put(json, '\\');
		put(json, *value);
	}
	put(json, '"');
}

void json_strings(struct json *json, char *const values[])
{
	put(json, '[');
	for (size_t i = 0; values[i] != NULL; i++) {
		if (i > 0)
			put(json, ',');
		json_string(json, values[i]);
	}
	put(json, ']');
}

int json_finish(struct json *json)
{
	flush(json);
	explicit_bzero(json->buffer, sizeof(json->buffer));
	return json->result;
}
