/* The protocol between manager, spawner and shims: little-endian, length-prefixed frames, read with
 * every bound checked. A reader that has met an error stays faulty and returns zeros, so callers
 * check once, at the end. */
#ifndef NUCLEUS_WIRE_H
#define NUCLEUS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/shim_messages.h"

struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool faulty;
};

uint8_t read_u8(struct reader *reader);
uint16_t read_u16(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
/* A string: u32 length with its final NUL, then the bytes. No NUL elsewhere. Points
 * into the buffer that is read. */
const char *read_string(struct reader *reader);
/* Raw bytes: u32 length, then the bytes. */
const uint8_t *read_bytes(struct reader *reader, size_t *length);
/* The number of elements that follow (u32), none of which may be smaller than `smallest` bytes. */
size_t read_count(struct reader *reader, size_t smallest);

struct writer {
	uint8_t *data;
	size_t length;
	size_t capacity;
	bool overflowed;
};

void write_u8(struct writer *writer, uint8_t value);
void write_u16(struct writer *writer, uint16_t value);
void write_u32(struct writer *writer, uint32_t value);
void write_u64(struct writer *writer, uint64_t value);
void write_raw(struct writer *writer, const void *data, size_t length);
void write_string(struct writer *writer, const char *text);
/* Starts a frame; frame_end fills in its length. */
size_t frame_begin(struct writer *writer, enum answer type);
void frame_end(struct writer *writer, size_t start);
/* A failure or warning as one frame. */
void write_failure(struct writer *writer, enum answer type, const struct failure *failure);
/* Why a request failed: a positive errno and what was attempted, as one frame. */
void write_error(struct writer *writer, int error, const char *text);

/* Reads exactly `length` bytes within `timeout` ms in all. Returns 0, or a negative errno (-EPIPE
 * if the peer closed the connection, -ETIMEDOUT). */
int read_exactly(int fd, void *buffer, size_t length, int timeout);

#endif
