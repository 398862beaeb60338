/* What the steps that make a root file system are, as the plan has them. */
#ifndef NUCLEUS_ROOT_STEP_H
#define NUCLEUS_ROOT_STEP_H

#include <stdbool.h>

#include "launch/plan.h"

/* What a step does, as the beginning of a sentence. */
const char *root_step_describe(enum rootfs_action action);
/* Whether a step needs something of the host. */
bool root_step_needs_source(const struct rootfs_step *step);

#endif
