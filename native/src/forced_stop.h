/* Ends a container whose shim does not answer, from another process and without the shim's help.
 * Requested from the spawner, like a launch. */
#ifndef NUCLEUS_FORCED_STOP_H
#define NUCLEUS_FORCED_STOP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Serves the request (u32 pid of PID 1, u64 its start ticks, u32 signal, u32 ms from that to
 * SIGKILL, string id) of the user at the other end, answers and leaves. */
_Noreturn void forced_stop_serve(int connection_fd, uid_t peer, const uint8_t *bytes,
				 size_t length);

#endif
