#include "launch/gvisor_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/filesystem.h"
#include "base/syscalls.h"
#include "launch/host_path.h"
#include "launch/mount_sources.h"
#include "launch/rootfs.h"

static int write_file(int directory_fd, const char *name, const uint8_t *content, size_t length)
{
	owned_fd fd = openat(directory_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	return write_whole(fd, content, length);
}

static int check_runtime(const char *program, struct failure *failure)
{
	owned_fd fd = -1;

	failure->detail[0] = '\0';
	fd = host_path_open_program(program, failure);
	if (fd >= 0)
		return 0;
	failure->step = STEP_EXEC;
	return failure->detail[0] == '\0' ? fail(failure, STEP_EXEC, -fd, "open %s", program) : fd;
}

int gvisor_make_root(const struct plan *plan, struct failure *failure)
{
	static const char *const directories[] = { "bundle", "dev", "proc",
						   "rootfs", "tmp", "volumes" };
	owned_fd root = -1;
	int result = rootfs_make_private(failure);

	if (result < 0)
		return result;
	/* Mounted over the container's directory, whose files are for the host only. */
	result = filesystem_mount("tmpfs", "size=16M,mode=755",
				  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, AT_FDCWD, plan->directory);
	if (result < 0)
		return fail(failure, STEP_ROOTFS, -result, "mount a root for the runtime at %s",
			    plan->directory);
	root = openat(AT_FDCWD, plan->directory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return fail(failure, STEP_ROOTFS, errno, "open %s", plan->directory);
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		if (mkdirat(root, directories[i], 0755) < 0)
			return fail(failure, STEP_ROOTFS, errno,
				    "make directory %s of the runtime's root", directories[i]);
	}
	return release(&root);
}

/* Binds a host file at the same path in the runtime's root. */
static int bind_host_file(int root_fd, const char *path, uint64_t attributes)
{
	owned_fd mount_fd = mount_source_clone(path, attributes);
	owned_fd file = -1;
	char at[PATH_MAX];
	size_t length = strlen(path);

	if (mount_fd < 0)
		return mount_fd;
	if (length < 2 || length >= sizeof(at) || path[0] != '/')
		return -EINVAL;
	memcpy(at, path + 1, length);
	for (char *slash = strchr(at, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(root_fd, at, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	file = openat(root_fd, at, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
	if (file < 0)
		return -errno;
	return sys_move_mount(mount_fd, "", root_fd, at, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* Binds the runtime's program and the devices that it opens. */
static int bind_runtime(const struct plan *plan, int root_fd, struct failure *failure)
{
	static const char platform[] = "--platform=kvm";
	static const char kvm[] = "/dev/kvm";
	const uint64_t device = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	int result = check_runtime(plan->argv[0], failure);

	if (result < 0)
		return result;
	/* From here on exactly this file is executed, for an exec or a signal too. */
	result = bind_host_file(root_fd, plan->argv[0],
				MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (result < 0)
		return fail(failure, STEP_ROOTFS, -result, "bind %s into the runtime's root",
			    plan->argv[0]);
	result = bind_host_file(root_fd, "/dev/null", device);
	for (char *const *word = plan->argv; result == 0 && *word != NULL; word++) {
		if (strcmp(*word, platform) == 0)
			result = bind_host_file(root_fd, kvm, device);
	}
	return result < 0 ? fail(failure, STEP_ROOTFS, -result,
				 "bind /dev/null, and %s for %s, into the runtime's root", kvm,
				 platform)
			  : 0;
}

static int make_bundle(const struct plan *plan, int root_fd, struct failure *failure)
{
	const uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	owned_fd bundle = -1;
	int result = filesystem_mount("tmpfs", "size=16M,mode=700", attributes, root_fd,
				      GVISOR_BUNDLE + 1);

	if (result == 0) {
		bundle = openat(root_fd, GVISOR_BUNDLE + 1, O_PATH | O_DIRECTORY | O_CLOEXEC);
		result = bundle < 0 ? -errno
				    : write_file(bundle, "config.json", plan->gvisor.config,
						 plan->gvisor.config_length);
	}
	return result < 0 ? fail(failure, STEP_ROOTFS, -result, "make the runtime's bundle") : 0;
}

int gvisor_enter_root(const struct plan *plan, int runtime_fd, int root_fd, struct failure *failure)
{
	const uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	struct mount_attr sealed = { .attr_set = MOUNT_ATTR_RDONLY };
	int result;

	if (sys_move_mount(root_fd, "", runtime_fd, GVISOR_ROOTFS + 1, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail(failure, STEP_ROOTFS, errno,
			    "move the new root into the runtime's root");
	result = filesystem_mount("proc", "", attributes, runtime_fd, "proc");
	if (result < 0)
		return fail(failure, STEP_ROOTFS, -result, "mount a /proc for the runtime");
	/* Where no mount of the container can cover it: root executes it. */
	result = rootfs_copy_self(runtime_fd, GVISOR_HOOK + 1, 0500);
	if (result < 0)
		return fail(failure, STEP_ROOTFS, -result, "copy this program for the hook");
	result = bind_runtime(plan, runtime_fd, failure);
	if (result == 0)
		result = make_bundle(plan, runtime_fd, failure);
	if (result < 0)
		return result;
	if (sys_mount_setattr(runtime_fd, "", AT_EMPTY_PATH, &sealed) < 0)
		return fail(failure, STEP_ROOTFS, errno, "make the runtime's root read-only");
	return rootfs_pivot(runtime_fd, failure);
}
