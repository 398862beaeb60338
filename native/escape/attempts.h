/* Attempts to get out of a container, to look around, or to take the machine down; each runs in a
 * forked process of its own. */
#ifndef NUCLEUS_ATTEMPTS_H
#define NUCLEUS_ATTEMPTS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* The kernel's answers to a denied call. */
#define DENIED                                                                                     \
	{                                                                                          \
		EPERM, EACCES, ENOSYS                                                              \
	}
/* The same, or the object does not exist in the container. */
#define ABSENT                                                                                     \
	{                                                                                          \
		EPERM, EACCES, ENOSYS, ENOENT, EROFS                                               \
	}

/* One attempt. `run` returns 0 if it succeeded, else the errno. Only the errnos in `expected` count
 * as a refusal: EFAULT or EINVAL would mean that the call was allowed and its arguments were
 * examined. */
struct attempt {
	const char *name;
	int (*run)(void);
	int expected[6];
	bool machine; /* would change the machine itself: never run outside a container */
};

#define ATTEMPT(what, function, ...)                                                               \
	{                                                                                          \
		.name = what, .run = function, .expected = __VA_ARGS__                             \
	}
#define MACHINE_ATTEMPT(what, function)                                                            \
	{                                                                                          \
		.name = what, .run = function, .expected = DENIED, .machine = true                 \
	}

/* The errno of a failed system call, or 0. */
static inline int outcome(long result)
{
	return result < 0 ? errno : 0;
}

extern const struct attempt kernel_attempts[];
extern const size_t kernel_attempt_count;
extern const struct attempt namespace_attempts[];
extern const size_t namespace_attempt_count;
extern const struct attempt file_attempts[];
extern const size_t file_attempt_count;
extern const struct attempt process_attempts[];
extern const size_t process_attempt_count;
extern const struct attempt execution_attempts[];
extern const size_t execution_attempt_count;

#endif
