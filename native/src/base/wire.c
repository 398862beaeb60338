#include "base/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static const uint8_t *take(struct reader *reader, size_t length)
{
	const uint8_t *at = reader->at;

	if (reader->faulty || (size_t)(reader->end - at) < length) {
		reader->faulty = true;
		return NULL;
	}
	reader->at = at + length;
	return at;
}

static uint64_t read_integer(struct reader *reader, size_t width)
{
	const uint8_t *at = take(reader, width);
	uint64_t value = 0;

	if (at == NULL)
		return 0;
	for (size_t i = width; i > 0; i--)
		value = value << 8 | at[i - 1];
	return value;
}

uint8_t read_u8(struct reader *reader)
{
	return (uint8_t)read_integer(reader, 1);
}

uint16_t read_u16(struct reader *reader)
{
	return (uint16_t)read_integer(reader, 2);
}

uint32_t read_u32(struct reader *reader)
{
	return (uint32_t)read_integer(reader, 4);
}

uint64_t read_u64(struct reader *reader)
{
	return read_integer(reader, 8);
}

const uint8_t *read_bytes(struct reader *reader, size_t *length)
{
	const uint8_t *at;

	*length = read_u32(reader);
	at = take(reader, *length);
	if (at == NULL)
		*length = 0;
	return at;
}

const char *read_string(struct reader *reader)
{
	size_t length;
	const uint8_t *at = read_bytes(reader, &length);

	if (at == NULL || length == 0 || memchr(at, 0, length) != at + length - 1) {
		reader->faulty = true;
		return "";
	}
	return (const char *)at;
}

size_t read_count(struct reader *reader, size_t smallest)
{
	size_t count = read_u32(reader);

	if (reader->faulty || count > (size_t)(reader->end - reader->at) / smallest) {
		reader->faulty = true;
		return 0;
	}
	return count;
}

void write_raw(struct writer *writer, const void *data, size_t length)
{
	if (writer->overflowed || writer->capacity - writer->length < length) {
		writer->overflowed = true;
		return;
	}
	memcpy(writer->data + writer->length, data, length);
	writer->length += length;
}

static void write_integer(struct writer *writer, uint64_t value, size_t width)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < width; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	write_raw(writer, bytes, width);
}

void write_u8(struct writer *writer, uint8_t value)
{
	write_integer(writer, value, 1);
}

void write_u16(struct writer *writer, uint16_t value)
{
	write_integer(writer, value, 2);
}

void write_u32(struct writer *writer, uint32_t value)
{
	write_integer(writer, value, 4);
}

void write_u64(struct writer *writer, uint64_t value)
{
	write_integer(writer, value, 8);
}

void write_string(struct writer *writer, const char *text)
{
	size_t length = strlen(text) + 1;

	write_u32(writer, (uint32_t)length);
	write_raw(writer, text, length);
}

size_t frame_begin(struct writer *writer, enum answer type)
{
	size_t start = writer->length;

	write_u32(writer, 0);
	write_u8(writer, (uint8_t)type);
	return start;
}

void frame_end(struct writer *writer, size_t start)
{
	size_t length;

	if (writer->overflowed)
		return;
	length = writer->length - start - FRAME_HEADER;
	for (size_t i = 0; i < 4; i++)
		writer->data[start + i] = (uint8_t)(length >> (8 * i));
}

void write_failure(struct writer *writer, enum answer type, const struct failure *failure)
{
	size_t start = frame_begin(writer, type);

	write_u8(writer, failure->step);
	write_u32(writer, (uint32_t)failure->error);
	write_string(writer, failure->detail);
	frame_end(writer, start);
}

void write_error(struct writer *writer, int error, const char *text)
{
	size_t start = frame_begin(writer, ANSWER_ERROR);

	write_u32(writer, (uint32_t)error);
	write_string(writer, text);
	frame_end(writer, start);
}

int read_exactly(int fd, void *buffer, size_t length, int timeout)
{
	uint8_t *at = buffer;
	int64_t deadline = monotonic_ms() + timeout;

	while (length > 0) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - monotonic_ms();
		ssize_t got;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&poll_fd, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		if (poll_fd.revents == 0)
			continue;
		got = read(fd, at, length);
		if (got == 0)
			return -EPIPE;
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (got > 0) {
			at += got;
			length -= (size_t)got;
		}
	}
	return 0;
}
