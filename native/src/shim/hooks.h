/* Hooks: the administrator's own programs, run on the host beside a container's life with the
 * shim's rights (OCI runtime specification, config.md, "POSIX-platform Hooks"). Each gets the
 * container's state as JSON on standard input, and has a time limit. */
#ifndef NUCLEUS_HOOKS_H
#define NUCLEUS_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/plan.h"

struct shim;

/* Begins to run the hooks of a phase, one after another, after those of an earlier one. */
void hooks_run(struct shim *shim, enum hook_phase phase);
/* Whether any is under way. */
bool hooks_busy(const struct shim *shim);
/* Ends the one under way, if any, and forgets those to come. */
void hooks_cancel(struct shim *shim);
/* Runs the hooks of a phase and returns when they are through. */
void hooks_run_through(struct shim *shim, enum hook_phase phase);

#endif
