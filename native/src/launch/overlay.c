#include "launch/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/descriptors.h"
#include "base/syscalls.h"

#define MAX_OPTIONS 512

struct layers {
	char parent[MAX_OPTIONS];
	char lower[MAX_OPTIONS + 8];
	char upper[MAX_OPTIONS + 8];
	char work[MAX_OPTIONS + 8];
};

/* Through the descriptor: in a user namespace this process may have no access to the path of the
 * staging directory. */
static void name_layers(int root_fd, const char *target, struct layers *layers)
{
	(void)snprintf(layers->parent, sizeof(layers->parent),
		       "/proc/self/fd/%d" OVERLAY_LAYERS "%s", root_fd, target);
	(void)snprintf(layers->lower, sizeof(layers->lower), "%s/lower", layers->parent);
	(void)snprintf(layers->upper, sizeof(layers->upper), "%s/upper", layers->parent);
	(void)snprintf(layers->work, sizeof(layers->work), "%s/work", layers->parent);
}

static int make_layers(const struct layers *layers, int lower_fd)
{
	struct stat status;

	/* The merged top directory is the upper one, so it gets the lower one's owner and mode. */
	if (fstat(lower_fd, &status) < 0 || mkdir(layers->parent, 0700) < 0 ||
	    mkdir(layers->lower, 0700) < 0 || mkdir(layers->work, 0700) < 0 ||
	    mkdir(layers->upper, 0700) < 0 ||
	    chown(layers->upper, status.st_uid, status.st_gid) < 0 ||
	    chmod(layers->upper, status.st_mode & 07777) < 0 ||
	    sys_move_mount(lower_fd, "", AT_FDCWD, layers->lower, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

int overlay_new(const struct plan *plan, int root_fd, const char *target, int lower_fd)
{
	struct layers layers;
	owned_fd context = -1;
	int result;

	if (strlen(target) > MAX_OPTIONS / 2)
		return -ENAMETOOLONG;
	name_layers(root_fd, target, &layers);
	result = make_layers(&layers, lower_fd);
	if (result < 0)
		return result;
	context = sys_fsopen("overlay", FSOPEN_CLOEXEC);
	/* In a user namespace only user.* extended attributes can be written. */
	if (context < 0 ||
	    sys_fsconfig(context, FSCONFIG_SET_STRING, "lowerdir", layers.lower, 0) < 0 ||
	    sys_fsconfig(context, FSCONFIG_SET_STRING, "upperdir", layers.upper, 0) < 0 ||
	    sys_fsconfig(context, FSCONFIG_SET_STRING, "workdir", layers.work, 0) < 0 ||
	    (plan->uid_map_count > 0 &&
	     sys_fsconfig(context, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0) ||
	    sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	result = sys_fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return result < 0 ? -errno : result;
}
