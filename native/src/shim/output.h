/* The outputs of the workload and of execs. Their data is moved to the pipes of attached clients,
 * the taps, within the kernel where possible, and copied to the log. A client that does not read
 * blocks the writer. */
#ifndef NUCLEUS_OUTPUT_H
#define NUCLEUS_OUTPUT_H

#include "shim/connection.h"
#include "shim/shim.h"

/* Adds the outputs of the workload, and their log, to the loop. */
void outputs_init(struct shim *shim);
/* Initializes the output with the read end of a pipe, or with a terminal's master. */
void output_open(struct output *output, int fd, enum stream_tag tag, struct stream *stream);
/* Moves an output's data to the attached clients and to its log. */
void output_pump(struct shim *shim, struct output *output);
/* Called when the process has exited: only the data that is there now still counts. Closes the
 * output once that has been moved, which may have to wait for a client to read. */
void output_finish(struct shim *shim, struct output *output);
/* Closes the output: its clients read end of file. */
void output_close(struct shim *shim, struct output *output);
/* Opens a client's pipe; our end becomes the tap. Returns the client's end, or a negative errno. */
int output_open_tap(struct tap *tap, struct output *output);
void output_close_tap(struct tap *tap);
/* Enlarges a pipe, for fewer wakeups. False: the limit of the user does not allow it. */
bool pipe_enlarge(int fd);
/* When reading of a paused output resumes, or when the rest of an output whose clients don't read
 * is dropped: ns of CLOCK_MONOTONIC, or 0. */
uint64_t output_due_at(const struct shim *shim, const struct output *output);
/* Resumes an output whose pause is over, and closes one that has been unread for too long. */
void output_resume(struct shim *shim, struct output *output, int64_t now);

#endif
