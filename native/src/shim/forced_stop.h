/* Stops a container whose shim does not answer, from another process and without the shim's help.
 * Requested from the spawner, like a launch. */
#ifndef NUCLEUS_FORCED_STOP_H
#define NUCLEUS_FORCED_STOP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Serves one request: u32 PID of PID 1, u64 its start ticks, u32 signal, u32 ms between that signal
 * and SIGKILL, u8 whether the shim failed to answer (it may then be killed first), string container
 * ID. `peer` is the requesting user. Answers ANSWER_OK or ANSWER_ERROR, then exits. */
_Noreturn void forced_stop_serve(int connection_fd, uid_t peer, const uint8_t *bytes,
				 size_t length);

#endif
