/* Attempts to get out of a container, to look around, or to take the machine down; each a
 * small program of its own, forked. */
#ifndef NUCLEUS_ATTEMPTS_H
#define NUCLEUS_ATTEMPTS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* What the kernel answers when it says no. */
#define DENIED                                                                                     \
	{                                                                                          \
		EPERM, EACCES, ENOSYS                                                              \
	}
/* The same, and: there is no such thing in here. */
#define ABSENT                                                                                     \
	{                                                                                          \
		EPERM, EACCES, ENOSYS, ENOENT, EROFS                                               \
	}

/* One attempt. `run` returns 0 when it got what it wanted, else the errno it met. Only the
 * errnos of `expected` count as a refusal: EFAULT or EINVAL would say that the call was let
 * through and its arguments were looked at. */
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

/* The number of a system call's refusal, or 0. */
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
