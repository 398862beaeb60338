/* The bytes between manager, spawner and shims: little-endian, length-prefixed
 * frames, read with every bound checked. A reader that met a fault stays faulty and
 * yields zeros, so callers check once, at the end. */
#ifndef NUCLEUS_WIRE_H
#define NUCLEUS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"

/* A frame is: u32 payload length, u8 type, payload. */
#define FRAME_HEADER 5U
/* Largest plan accepted, in bytes: it holds the arguments and the environment, of which the kernel
 * takes 6 MiB at most (execve(2)), and a record of them in JSON. */
#define FRAME_MAX (32U << 20)
/* Largest payload of any other request, in bytes: a command and its environment. */
#define REQUEST_MAX (8U << 20)

enum request {
	REQUEST_PLAN = 0x01,
	REQUEST_SUBSCRIBE = 0x02,
	REQUEST_SIGNAL = 0x03,
	REQUEST_STOP = 0x04,
	REQUEST_STREAM = 0x05,
	REQUEST_STDIN_END = 0x07, /* 0x06 is not used any more */
	REQUEST_EXEC = 0x08,
	REQUEST_DIAL = 0x09,
	REQUEST_DENIALS = 0x0a,
	REQUEST_FREEZE = 0x0b,
	REQUEST_RESIZE = 0x0c,
	REQUEST_START = 0x0d,
	REQUEST_KILL = 0x0e, /* of the spawner, in place of a plan; see forced_stop.h */
	REQUEST_GRANT = 0x0f,
	REQUEST_ATTACH = 0x10,
	REQUEST_RECORD = 0x11,
};

/* What a REQUEST_EXEC begins with. */
enum exec_kind {
	EXEC_ATTACHED = 0,
	EXEC_CAPTURED = 1,
	EXEC_COPY = 2, /* attached, and no command: see copy.h */
};

enum answer {
	ANSWER_STEPS = 0x81,
	ANSWER_STARTED = 0x82,
	ANSWER_FAILED = 0x83,
	ANSWER_EXITED = 0x84,
	ANSWER_DATA = 0x85,
	ANSWER_END = 0x86,
	ANSWER_EXEC_STARTED = 0x87,
	ANSWER_EXEC_EXITED = 0x88,
	ANSWER_OK = 0x89,
	ANSWER_ERROR = 0x8a,
	ANSWER_DIALED = 0x8b,
	ANSWER_WARNING = 0x8c,
	ANSWER_DENIAL = 0x8d,
	ANSWER_CREATED = 0x8e,
	ANSWER_NOTIFIED = 0x8f,
	ANSWER_INIT = 0x90,
	ANSWER_ATTACHED = 0x91,
	ANSWER_ENDED = 0x92,
	ANSWER_RECORD = 0x93,
};

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
/* How many elements follow (u32), none of which may be smaller than `smallest` bytes. */
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
/* Why a request was not done: a positive errno and what was attempted, as one frame. */
void write_error(struct writer *writer, int error, const char *text);

/* Reads exactly `length` bytes within `timeout` ms in all. 0, or a negative errno
 * (-EPIPE when the peer went away, -ETIMEDOUT). */
int read_exactly(int fd, void *buffer, size_t length, int timeout);

#define NS_PER_S 1000000000
#define NS_PER_MS 1000000

/* Milliseconds and nanoseconds of CLOCK_MONOTONIC. */
int64_t monotonic_ms(void);
uint64_t monotonic_ns(void);
/* Nanoseconds of CLOCK_REALTIME. */
uint64_t realtime_ns(void);

#endif
