#include "shim/shim_capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAST_CAPABILITY 63
#define BIT(capability) (1ULL << (capability))

/* Capabilities needed for supervising after the launch, and why; also in docs/security.md. */
static const uint64_t needed =
	BIT(CAP_CHOWN) |        /* logs and records belong to the manager's user */
	BIT(CAP_DAC_OVERRIDE) | /* and are in that user's directories */
	BIT(CAP_KILL) |         /* the workload runs as another user */
	BIT(CAP_SETGID) | BIT(CAP_SETUID) |
	BIT(CAP_SETPCAP) |     /* exec: become the workload's user */
	BIT(CAP_SYS_ADMIN) |   /* setns(2) */
	BIT(CAP_SYS_CHROOT) |  /* setns(2) into a mount namespace; the container's root */
	BIT(CAP_SYS_PTRACE) |  /* pidfd_getfd(2), /proc/PID/root, /proc/PID/ns */
	BIT(CAP_SYS_RESOURCE); /* exec: limits above the manager's own */

int capabilities_limit(uint64_t kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) < 0)
		return -errno;
	sets[0].permitted &= (uint32_t)kept;
	sets[1].permitted &= (uint32_t)(kept >> 32);
	sets[0].effective = sets[0].permitted;
	sets[1].effective = sets[1].permitted;
	sets[0].inheritable = sets[1].inheritable = 0;
	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

int shim_keep_capabilities(uint64_t kept)
{
	/* Without root there are none. */
	if (geteuid() != 0)
		return 0;
	for (int capability = 0; capability <= LAST_CAPABILITY; capability++) {
		if ((kept >> capability & 1U) != 0 || prctl(PR_CAPBSET_DROP, capability) == 0)
			continue;
		/* Past the last capability of this kernel. */
		if (errno == EINVAL)
			break;
		return -errno;
	}
	return capabilities_limit(kept);
}

int shim_drop_capabilities(const struct plan *plan, struct failure *failure)
{
	int result = plan->hooks.count > 0
			     ? 0
			     : shim_keep_capabilities(needed | plan->capabilities.bounding);

	return result < 0 ? fail(failure, STEP_CAPABILITIES, -result,
				 "drop the supervisor's capabilities")
			  : 0;
}
