/* Frames: u32 payload length (little-endian), u8 type, payload. */
#ifndef NUCLEUS_CLIENT_FRAME_H
#define NUCLEUS_CLIENT_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/shim_messages.h"

void frame_put_u32(uint8_t *at, size_t value);
void frame_put_header(uint8_t *at, uint8_t type, size_t length);
uint32_t frame_u32(const uint8_t *at);
/* Writes all of it, blocking as long as necessary. Returns 0, or -1 with errno. */
int write_all(int fd, const void *data, size_t length);
int frame_send(int fd, uint8_t type, const void *data, size_t length);

#endif
