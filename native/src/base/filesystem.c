#include "base/filesystem.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "base/descriptors.h"
#include "base/syscalls.h"

/* Sets "key=value" and "flag" options, separated by commas. Skips "noswap" if the kernel refuses
 * it: a secret that may be swapped is better than none. */
static int set_options(int context, const char *options)
{
	char buffer[512];
	char *rest = NULL;

	if (strlen(options) >= sizeof(buffer))
		return -E2BIG;
	memcpy(buffer, options, strlen(options) + 1);
	for (char *option = strtok_r(buffer, ",", &rest); option != NULL;
	     option = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(option, '=');
		int result;

		if (value == NULL) {
			result = sys_fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0);
			/* Supported since Linux 6.4, outside user namespaces only (tmpfs(5)). */
			if (result < 0 && errno == EINVAL && strcmp(option, "noswap") == 0)
				result = 0;
		} else {
			*value++ = '\0';
			result = sys_fsconfig(context, FSCONFIG_SET_STRING, option, value, 0);
		}
		if (result < 0)
			return -errno;
	}
	return 0;
}

int filesystem_new(const char *type, const char *options, uint64_t attributes)
{
	owned_fd context = sys_fsopen(type, FSOPEN_CLOEXEC);
	int result;

	if (context < 0)
		return -errno;
	result = set_options(context, options);
	if (result < 0)
		return result;
	if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	result = sys_fsmount(context, FSMOUNT_CLOEXEC, (unsigned int)attributes);
	return result < 0 ? -errno : result;
}

int filesystem_mount(const char *type, const char *options, uint64_t attributes, int directory_fd,
		     const char *target)
{
	owned_fd mount_fd = filesystem_new(type, options, attributes);

	if (mount_fd < 0)
		return mount_fd;
	return sys_move_mount(mount_fd, "", directory_fd, target, MOVE_MOUNT_F_EMPTY_PATH) < 0
		       ? -errno
		       : 0;
}
