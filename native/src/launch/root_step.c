#include "launch/root_step.h"

const char *root_step_describe(enum rootfs_action action)
{
	static const char *const names[] = {
		[ROOTFS_DIRECTORY] = "make directory",
		[ROOTFS_FILE] = "write file",
		[ROOTFS_SYMLINK] = "make link",
		[ROOTFS_BIND] = "bind",
		[ROOTFS_TMPFS] = "mount tmpfs on",
		[ROOTFS_PROC] = "mount proc on",
		[ROOTFS_DEVICE] = "make device",
		[ROOTFS_MASK_FILE] = "mask",
		[ROOTFS_MASK_DIRECTORY] = "mask",
		[ROOTFS_SEAL] = "make read-only",
		[ROOTFS_VOLUME] = "bind volume",
		[ROOTFS_SECRET] = "copy secret",
		[ROOTFS_SELF] = "copy this program to",
		[ROOTFS_OVERLAY] = "mount an overlay on",
		[ROOTFS_DETACH] = "detach",
		[ROOTFS_DEVPTS] = "mount devpts on",
	};

	return names[action];
}

bool root_step_needs_source(const struct rootfs_step *step)
{
	return step->action == ROOTFS_BIND || step->action == ROOTFS_VOLUME ||
	       step->action == ROOTFS_SECRET || step->action == ROOTFS_OVERLAY;
}
