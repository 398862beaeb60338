/* Properties of the plan's steps that make a root file system. */
#ifndef NUCLEUS_ROOT_STEP_H
#define NUCLEUS_ROOT_STEP_H

#include <stdbool.h>

#include "launch/plan.h"

/* Describes what a step does, as the beginning of a message. */
const char *root_step_describe(enum rootfs_action action);
/* Whether a step needs a source on the host. */
bool root_step_needs_source(const struct rootfs_step *step);

#endif
