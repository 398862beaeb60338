/* Hooks: the administrator's programs, run on the host at points of a container's lifecycle with
 * the shim's privileges (OCI runtime specification, config.md, "POSIX-platform Hooks"). Each gets
 * the container's state as JSON on standard input, and has a time limit. */
#ifndef NUCLEUS_HOOKS_H
#define NUCLEUS_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/plan.h"

struct shim;

/* Starts running the hooks of a phase, one after another, once those of an earlier phase have
 * finished. */
void hooks_run(struct shim *shim, enum hook_phase phase);
/* Whether a hook is running. */
bool hooks_busy(const struct shim *shim);
/* Kills the running hook, if any, and drops the remaining ones. */
void hooks_cancel(struct shim *shim);
/* Runs the hooks of a phase and returns when they have finished. */
void hooks_run_through(struct shim *shim, enum hook_phase phase);

#endif
