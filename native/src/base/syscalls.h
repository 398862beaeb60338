/* System calls that the C library of a build may not wrap. Numbers and structures come
 * from the kernel's own headers. */
#ifndef NUCLEUS_SYSCALLS_H
#define NUCLEUS_SYSCALLS_H

#include <linux/bpf.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

static inline long sys_clone3(struct clone_args *arguments)
{
	return syscall(SYS_clone3, arguments, sizeof(*arguments));
}

/* struct sched_attr of sched_setattr(2), whose header conflicts with a C library's own <sched.h>.
 */
struct scheduling {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime; /* ns; for a SCHED_OTHER process, its slice */
	uint64_t deadline;
	uint64_t period;
};

static inline int sys_sched_setattr(pid_t pid, const struct scheduling *attributes)
{
	return (int)syscall(SYS_sched_setattr, pid, attributes, 0);
}

/* A process with the kernel's shortest slice preempts others when it is woken, without a larger
 * share (EEVDF, Linux 6.12; ignored before). Not inherited by its children. */
static inline void sys_ask_for_short_slices(int nice)
{
	const struct scheduling attributes = {
		.size = sizeof(attributes),
		.policy = SCHED_NORMAL,
		.flags = SCHED_FLAG_RESET_ON_FORK,
		.nice = nice,
		.runtime = 100000,
	};

	(void)sys_sched_setattr(0, &attributes);
}

static inline int sys_openat2(int at, const char *path, struct open_how *how)
{
	return (int)syscall(SYS_openat2, at, path, how, sizeof(*how));
}

static inline int sys_renameat2(int from, const char *from_name, int to, const char *to_name,
				unsigned int flags)
{
	return (int)syscall(SYS_renameat2, from, from_name, to, to_name, flags);
}

static inline int sys_open_tree(int at, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, at, path, flags);
}

static inline int sys_move_mount(int from, const char *from_path, int to, const char *to_path,
				 unsigned int flags)
{
	return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}

static inline int sys_mount_setattr(int at, const char *path, unsigned int flags,
				    struct mount_attr *attributes)
{
	return (int)syscall(SYS_mount_setattr, at, path, flags, attributes, sizeof(*attributes));
}

static inline int sys_fsopen(const char *type, unsigned int flags)
{
	return (int)syscall(SYS_fsopen, type, flags);
}

static inline int sys_fsconfig(int fd, unsigned int command, const char *key, const void *value,
			       int extra)
{
	return (int)syscall(SYS_fsconfig, fd, command, key, value, extra);
}

static inline int sys_fsmount(int fd, unsigned int flags, unsigned int attributes)
{
	return (int)syscall(SYS_fsmount, fd, flags, attributes);
}

static inline int sys_pivot_root(const char *new_root, const char *old_root)
{
	return (int)syscall(SYS_pivot_root, new_root, old_root);
}

static inline int sys_pidfd_open(int pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int sys_pidfd_send_signal(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/* Sends a value too (sigqueue(3)), which only a process that waits for the signal receives. */
static inline int sys_pidfd_queue_signal(int pidfd, int signal, int value)
{
	siginfo_t info = { .si_signo = signal, .si_code = SI_QUEUE };

	info.si_value.sival_int = value;
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, &info, 0);
}

static inline int sys_bpf(int command, union bpf_attr *attributes, unsigned int size)
{
	return (int)syscall(SYS_bpf, command, attributes, size);
}

static inline int sys_pidfd_getfd(int pidfd, int fd)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

static inline int sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static inline int sys_landlock_create_ruleset(const struct landlock_ruleset_attr *attributes,
					      size_t size, uint32_t flags)
{
	return (int)syscall(SYS_landlock_create_ruleset, attributes, size, flags);
}

static inline int sys_landlock_add_rule(int ruleset, int type, const void *attributes)
{
	return (int)syscall(SYS_landlock_add_rule, ruleset, type, attributes, 0);
}

static inline int sys_landlock_restrict_self(int ruleset, uint32_t flags)
{
	return (int)syscall(SYS_landlock_restrict_self, ruleset, flags);
}

#endif
