#include <errno.h>
#include <linux/landlock.h>
#include <sys/stat.h>

#include "base/descriptors.h"
#include "base/syscalls.h"
#include "launch/confine.h"
#include "launch/host_path.h"

/* As defined by the kernel since ABI 4 and 6; the headers may be older
 * (Documentation/userspace-api/landlock.rst). */
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT 2

struct ruleset {
	uint64_t handled_fs;
	uint64_t handled_net;
	uint64_t scoped;
};

struct net_port {
	uint64_t access;
	uint64_t port;
};

/* Rights that apply to files other than directories. */
#define FILE_RIGHTS                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                              \
	 LANDLOCK_ACCESS_FS_READ_FILE | 1ULL << 14 /* TRUNCATE */ | 1ULL << 15 /* IOCTL_DEV */)

static int add_path(int ruleset, const struct landlock_path *path)
{
	struct stat status;
	owned_fd fd = host_path_open_inside(path->path);
	struct landlock_path_beneath_attr rule = { .allowed_access = path->access,
						   .parent_fd = fd };

	/* No rule is added for a link that the container could have created. */
	if (fd < 0)
		return (fd == -ENOENT || fd == -ELOOP) && path->optional ? 0 : fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISDIR(status.st_mode))
		rule.allowed_access &= FILE_RIGHTS;
	if (rule.allowed_access == 0)
		return 0;
	return sys_landlock_add_rule(ruleset, RULE_PATH_BENEATH, &rule) < 0 ? -errno : 0;
}

static int add_port(int ruleset, const struct landlock_port *port)
{
	struct net_port rule = { .access = port->access, .port = port->port };

	return sys_landlock_add_rule(ruleset, RULE_NET_PORT, &rule) < 0 ? -errno : 0;
}

int confine_landlock(const struct plan *plan, struct failure *failure)
{
	const struct landlock_plan *landlock = &plan->landlock;
	struct ruleset attributes = {
		.handled_fs = landlock->handled_fs,
		.handled_net = landlock->handled_net,
		.scoped = landlock->scoped,
	};
	owned_fd ruleset = -1;

	if (landlock->handled_fs == 0)
		return 0;
	ruleset = sys_landlock_create_ruleset((const struct landlock_ruleset_attr *)&attributes,
					      sizeof(attributes), 0);
	if (ruleset < 0)
		return fail(failure, STEP_LANDLOCK, errno, "create the ruleset");
	for (size_t i = 0; i < landlock->path_count; i++) {
		int result = add_path(ruleset, &landlock->paths[i]);

		if (result < 0)
			return fail(failure, STEP_LANDLOCK, -result, "add a rule for %s",
				    landlock->paths[i].path);
	}
	for (size_t i = 0; i < landlock->port_count; i++) {
		int result = add_port(ruleset, &landlock->ports[i]);

		if (result < 0)
			return fail(failure, STEP_LANDLOCK, -result, "add a rule for port %u",
				    landlock->ports[i].port);
	}
	if (sys_landlock_restrict_self(ruleset, landlock->flags) < 0)
		return fail(failure, STEP_LANDLOCK, errno, "restrict the process");
	return 0;
}
