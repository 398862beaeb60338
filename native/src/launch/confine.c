#include "launch/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/syscalls.h"

#define LAST_CAPABILITY 63
#define IOPRIO_OF_PROCESS 1   /* IOPRIO_WHO_PROCESS of ioprio_set(2) */
#define KEYCTL_JOIN_SESSION 1 /* KEYCTL_JOIN_SESSION_KEYRING of keyctl(2) */

#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3)
#endif
/* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, missing from older headers. */
#define FILTER_WAIT_KILLABLE (1U << 5)

int confine_rlimits(const struct plan *plan, struct failure *failure)
{
	for (size_t i = 0; i < plan->rlimit_count; i++) {
		const struct rlimit_plan *limit = &plan->rlimits[i];
		struct rlimit wanted = { .rlim_cur = limit->soft, .rlim_max = limit->hard };
		struct rlimit now;

		/* Lowering never needs a privilege; raising above the host's hard limit
		 * needs CAP_SYS_RESOURCE (getrlimit(2)), which may be missing. A tighter
		 * limit than requested doesn't weaken the confinement. */
		if (syscall(SYS_prlimit64, 0, limit->resource, NULL, &now) == 0 &&
		    now.rlim_max < wanted.rlim_max && !plan->rlimits_required)
			wanted.rlim_max = now.rlim_max;
		if (wanted.rlim_cur > wanted.rlim_max)
			wanted.rlim_cur = wanted.rlim_max;
		if (syscall(SYS_prlimit64, 0, limit->resource, &wanted, NULL) < 0)
			return fail(failure, STEP_RLIMITS, errno,
				    "setrlimit of resource %u to %llu", limit->resource,
				    (unsigned long long)limit->hard);
	}
	return 0;
}

/* Failures are ignored: a setting that needs a missing privilege stays unchanged. */
void confine_scheduling(void)
{
	unsigned long all[1024 / sizeof(unsigned long)];

	memset(all, 0xff, sizeof(all));
	/* The kernel masks this with the processors that exist and that the cpuset allows. */
	(void)syscall(SYS_sched_setaffinity, 0, sizeof(all), all);
	(void)syscall(SYS_setpriority, PRIO_PROCESS, 0, 0);
	(void)syscall(SYS_ioprio_set, IOPRIO_OF_PROCESS, 0, 0);
}

void confine_inherited(const struct plan *plan)
{
	char text[16];
	owned_fd fd = openat(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	int length = snprintf(text, sizeof(text), "%d", (int)plan->oom_score_adj);

	(void)syscall(SYS_personality, 0);
	/* The session keyring of the user who started the manager (keyrings(7)). */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION, NULL);
	if (fd >= 0)
		(void)!write(fd, text, (size_t)length);
}

int confine_workdir(const char *path, struct failure *failure)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	owned_fd root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	owned_fd fd = root < 0 ? -1 : sys_openat2(root, path, &how);
	char seen[PATH_MAX];

	if (fd < 0 || fchdir(fd) < 0)
		return fail(failure, STEP_EXEC, errno, "enter the working directory %s", path);
	/* Checked again, as runc does (CVE-2024-21626): getcwd(2) prefixes the path of a directory
	 * outside of the root with "(unreachable)". */
	if (syscall(SYS_getcwd, seen, sizeof(seen)) < 0 || seen[0] != '/')
		return fail(failure, STEP_EXEC, ECANCELED,
			    "the working directory %s lies outside of the container", path);
	return 0;
}

static int drop_bounding(uint64_t keep, struct failure *failure)
{
	for (int capability = 0; capability <= LAST_CAPABILITY; capability++) {
		if ((keep >> capability & 1U) != 0 || prctl(PR_CAPBSET_DROP, capability) == 0)
			continue;
		/* Past the last capability that this kernel has. */
		if (errno == EINVAL)
			break;
		return fail(failure, STEP_CAPABILITIES, errno,
			    "drop capability %d from the bounding set", capability);
	}
	return 0;
}

static int change_ids(const struct plan *plan, struct failure *failure)
{
	if (!plan->deny_setgroups && syscall(SYS_setgroups, plan->group_count, plan->groups) < 0)
		return fail(failure, STEP_CAPABILITIES, errno, "set %zu supplementary groups",
			    plan->group_count);
	if (syscall(SYS_setresgid, plan->gid, plan->gid, plan->gid) < 0)
		return fail(failure, STEP_CAPABILITIES, errno, "become group %u", plan->gid);
	if (syscall(SYS_setresuid, plan->uid, plan->uid, plan->uid) < 0)
		return fail(failure, STEP_CAPABILITIES, errno, "become user %u", plan->uid);
	return 0;
}

static void split(uint64_t set, uint32_t *low, uint32_t *high)
{
	*low = (uint32_t)set;
	*high = (uint32_t)(set >> 32);
}

static int set_capabilities(const struct capability_sets *sets, struct failure *failure)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct wanted[2];
	struct __user_cap_data_struct got[2];

	split(sets->permitted, &wanted[0].permitted, &wanted[1].permitted);
	split(sets->permitted, &wanted[0].effective, &wanted[1].effective);
	split(sets->inheritable, &wanted[0].inheritable, &wanted[1].inheritable);
	if (syscall(SYS_capset, &header, wanted) < 0)
		return fail(failure, STEP_CAPABILITIES, errno, "capset");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return fail(failure, STEP_CAPABILITIES, errno, "clear the ambient set");
	for (int capability = 0; capability <= LAST_CAPABILITY; capability++) {
		if ((sets->ambient >> capability & 1U) != 0 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return fail(failure, STEP_CAPABILITIES, errno,
				    "raise ambient capability %d", capability);
	}
	if (syscall(SYS_capget, &header, got) < 0)
		return fail(failure, STEP_CAPABILITIES, errno, "capget");
	if (memcmp(wanted, got, sizeof(got)) != 0)
		return fail(failure, STEP_CAPABILITIES, EPERM,
			    "capability sets read back differ from those requested");
	return 0;
}

static int verify_identity(const struct plan *plan, struct failure *failure)
{
	uid_t uids[3];
	gid_t gids[3];

	if (syscall(SYS_getresuid, &uids[0], &uids[1], &uids[2]) < 0 ||
	    syscall(SYS_getresgid, &gids[0], &gids[1], &gids[2]) < 0)
		return fail(failure, STEP_CAPABILITIES, errno, "read the identity back");
	for (size_t i = 0; i < 3; i++) {
		if (uids[i] != plan->uid || gids[i] != plan->gid)
			return fail(failure, STEP_CAPABILITIES, EPERM,
				    "identity read back is not %u:%u", plan->uid, plan->gid);
	}
	for (int capability = 0; capability <= LAST_CAPABILITY; capability++) {
		int present = prctl(PR_CAPBSET_READ, capability);

		if (present < 0)
			break;
		if (present == 1 && (plan->capabilities.bounding >> capability & 1U) == 0)
			return fail(failure, STEP_CAPABILITIES, EPERM,
				    "capability %d is still in the bounding set", capability);
	}
	return 0;
}

/* The order matters: the bounding set needs CAP_SETPCAP and the IDs CAP_SETUID and
 * CAP_SETGID, so the remaining capabilities go last (capabilities(7)). */
int confine_identity(const struct plan *plan, struct failure *failure)
{
	int result = drop_bounding(plan->capabilities.bounding, failure);

	if (result == 0 && prctl(PR_SET_KEEPCAPS, 1) < 0)
		return fail(failure, STEP_CAPABILITIES, errno, "PR_SET_KEEPCAPS");
	if (result == 0)
		result = change_ids(plan, failure);
	if (result == 0)
		result = set_capabilities(&plan->capabilities, failure);
	if (result == 0 && prctl(PR_SET_KEEPCAPS, 0) < 0)
		return fail(failure, STEP_CAPABILITIES, errno, "PR_SET_KEEPCAPS");
	return result < 0 ? result : verify_identity(plan, failure);
}

/* execve(2) resets handlers, but ignored signals stay ignored (signal(7)). The spawner has reset
 * all but the two that it and the shim ignore. */
static void reset_signals(void)
{
	sigset_t none;

	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Where the kernel supports it (since Linux 5.19), a caller whose call the listener has received
 * can be interrupted by fatal signals only. */
static long install_filter(const struct sock_fprog *program, bool listen)
{
	const unsigned int listening = listen ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
	long result;

	if (!listen)
		return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program);
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, listening | FILTER_WAIT_KILLABLE,
			 program);
	if (result < 0 && errno == EINVAL)
		result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, listening, program);
	return result;
}

int confine_seccomp(const struct plan *plan, bool listen, struct failure *failure)
{
	struct sock_fprog program = {
		.len = (unsigned short)(plan->seccomp_length / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)(uintptr_t)plan->seccomp,
	};

	long result;

	listen = listen && plan->seccomp_mode != SECCOMP_DENY;
	/* Once the filter is installed, only write(2), execve(2) and exit_group(2) are called,
	 * which every profile allows: a reported call blocks until it is answered. */
	reset_signals();
	if (program.len == 0)
		return 0;
	result = install_filter(&program, listen);
	if (result < 0)
		return fail(failure, STEP_SECCOMP, errno, "install a filter of %u instructions%s",
			    program.len,
			    errno == EBUSY ? ": another listener already watches this process"
					   : "");
	return listen ? (int)result : 0;
}

static const char *search_path(char *const envp[])
{
	for (size_t i = 0; envp[i] != NULL; i++) {
		if (strncmp(envp[i], "PATH=", 5) == 0)
			return envp[i] + 5;
	}
	return "/usr/local/bin:/usr/bin:/bin";
}

int confine_exec(char *const argv[], char *const envp[], struct failure *failure)
{
	int error = ENOENT;

	if (strchr(argv[0], '/') != NULL) {
		(void)execve(argv[0], argv, envp);
		return fail(failure, STEP_EXEC, errno, "execute %s", argv[0]);
	}
	for (const char *at = search_path(envp); *at != '\0';) {
		char path[PATH_MAX];
		size_t length = strcspn(at, ":");
		int printed = snprintf(path, sizeof(path), "%.*s/%s", (int)length, at, argv[0]);

		if (length > 0 && printed > 0 && (size_t)printed < sizeof(path)) {
			(void)execve(path, argv, envp);
			if (errno != ENOENT && errno != ENOTDIR)
				error = errno;
		}
		at += length;
		at += *at == ':' ? 1 : 0;
	}
	return fail(failure, STEP_EXEC, error, "execute %s, searched along PATH=%s", argv[0],
		    search_path(envp));
}
