/* What went wrong, where, and what the system answered. Functions return 0 or a
 * negative errno and fill one of these; the caller decides what to do about it. */
#ifndef NUCLEUS_FAILURE_H
#define NUCLEUS_FAILURE_H

#include <stdint.h>

/* The steps of a launch, in order. The numbers travel on the wire and are the
 * ordinals of dev.nucleus.plan.LaunchStep. */
enum step {
	STEP_PLAN = 0,
	STEP_DIRECTORY,
	STEP_CGROUP,
	STEP_NAMESPACES,
	STEP_IDENTITY_MAP,
	STEP_NETWORK,
	STEP_HOOKS,
	STEP_HOSTNAME,
	STEP_ROOTFS,
	STEP_PIVOT,
	STEP_RLIMITS,
	STEP_CAPABILITIES,
	STEP_LANDLOCK,
	STEP_SECCOMP,
	STEP_EXEC,
	STEP_COUNT
};

struct failure {
	uint8_t step;
	int32_t error;
	char detail[240];
};

/* Fills the failure with a printf-style detail and returns -error. */
int fail(struct failure *failure, enum step step, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
