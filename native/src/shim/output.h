/* The outputs of the workload and of execs: what is written to them is moved to the pipes of
 * attached clients, the taps, by the kernel where it can, and copied to the log. A client that does
 * not read holds up the writer. */
#ifndef NUCLEUS_OUTPUT_H
#define NUCLEUS_OUTPUT_H

#include "shim/connection.h"
#include "shim/shim.h"

/* Takes the outputs of the workload, and their log, into the loop. */
void outputs_begin(struct shim *shim);
/* Sets the output up on the read end of a pipe. */
void output_open(struct output *output, int fd, enum stream_tag tag, struct stream *stream);
/* Moves on what an output has: to the clients that are attached, and to its log. */
void output_pump(struct shim *shim, struct output *output);
/* Its process has ended: what is there now is all that counts. Closes it when that has been moved,
 * which may have to wait for a client to read. */
void output_finish(struct shim *shim, struct output *output);
/* Closes it: its clients read end of file. */
void output_close(struct shim *shim, struct output *output);
/* A pipe that a client reads: its end is returned, ours becomes the tap. Or a negative errno. */
int output_open_tap(struct tap *tap, struct output *output);
void output_close_tap(struct tap *tap);
/* A larger pipe means fewer wakeups. False: there is no room for one. */
bool pipe_enlarge(int fd);
/* When reading of a paused output resumes, or the rest of one is given up, since its clients don't
 * read: ns of CLOCK_MONOTONIC, or 0. */
uint64_t output_due_at(const struct shim *shim, const struct output *output);
/* Goes on with an output whose pause is over, and gives up what is not read. */
void output_resume(struct shim *shim, struct output *output, int64_t now);

#endif
