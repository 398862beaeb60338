#include "launch/mount_check.h"

#include <errno.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mount_table.h"
#include "launch/gvisor_root.h"
#include "launch/served_mounts.h"

/* Whether a comma-separated list of options contains this one. */
static bool has(const char *options, const char *option)
{
	size_t length = strlen(option);

	for (const char *at = options; *at != '\0'; at += strcspn(at, ",")) {
		at += *at == ',';
		if (strncmp(at, option, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
		if (*at == '\0')
			break;
	}
	return false;
}

static bool may_be_written(const struct plan *plan, const char *target)
{
	for (size_t i = 0; i < plan->writable_count; i++) {
		size_t length = strlen(plan->writable[i]);

		/* Submounts of a volume came with it. */
		if (strncmp(target, plan->writable[i], length) == 0 &&
		    (target[length] == '\0' || target[length] == '/'))
			return true;
	}
	return false;
}

static bool below(const char *target, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(target, directory, length) == 0 && target[length] == '/';
}

/* Whether the plan's mount at the target, or else the closest one above it, is noexec: submounts
 * come with what was bound. */
static bool planned_noexec(const struct plan *plan, const char *target)
{
	const struct rootfs_step *closest = NULL;

	for (size_t i = 0; i < plan->rootfs_count; i++) {
		const struct rootfs_step *step = &plan->rootfs[i];
		bool mounts = step->action == ROOTFS_BIND || step->action == ROOTFS_VOLUME ||
			      step->action == ROOTFS_TMPFS;

		if (!mounts || (strcmp(target, step->target) != 0 && !below(target, step->target)))
			continue;
		if (closest == NULL || strlen(step->target) >= strlen(closest->target))
			closest = step;
	}
	return closest != NULL && (closest->attributes & MOUNT_ATTR_NOEXEC) != 0;
}

/* Whether the plan mounts the container's own devpts at the target. */
static bool planned_terminals(const struct plan *plan, const char *target)
{
	for (size_t i = 0; i < plan->rootfs_count; i++) {
		if (plan->rootfs[i].action == ROOTFS_DEVPTS &&
		    strcmp(plan->rootfs[i].target, target) == 0)
			return true;
	}
	return false;
}

/* Describes what is wrong with a mount; NULL: nothing. Device nodes and covers of files are single
 * files, like /dev/null, that are meant to be written to, as terminals are. */
static const char *describe_fault(const struct plan *plan, const char *target, const char *options,
				  bool device, bool terminals)
{
	if (!has(options, "nosuid") && !device)
		return "honours set-user-ID programs";
	if (!has(options, "nodev") && !device && !terminals && strcmp(target, "/dev") != 0)
		return "has devices";
	if ((terminals || strcmp(target, "/proc") == 0 || planned_noexec(plan, target)) &&
	    !has(options, "noexec") && !device)
		return "runs programs";
	if (!has(options, "ro") && !device && !terminals && !may_be_written(plan, target))
		return "can be written to";
	return NULL;
}

/* Whether runsc serves this mount of its own root to its sandbox. If so, `inside` gets the path
 * there. */
static bool served(const struct plan *plan, const char *target, char *inside, size_t size)
{
	const size_t root = strlen(GVISOR_ROOTFS);
	const char *rest;
	char *end;
	size_t index;
	int length;

	if (strcmp(target, GVISOR_ROOTFS) == 0 || below(target, GVISOR_ROOTFS)) {
		rest = target + root;
		length = snprintf(inside, size, "%s", *rest == '\0' ? "/" : rest);
		return length < (int)size;
	}
	if (!below(target, GVISOR_VOLUMES))
		return false;
	index = strtoul(target + strlen(GVISOR_VOLUMES "/"), &end, 10);
	if (index >= plan->rootfs_count)
		return false;
	length = snprintf(inside, size, "%s%s", plan->rootfs[index].target, end);
	return length < (int)size;
}

/* One line of /proc/self/mountinfo: id, parent, device, root, target, options, ... - type. */
static int audit_line(const struct plan *plan, char *line, bool *seen, struct failure *failure)
{
	char *rest = NULL;
	char *fields[6];
	char inside[PATH_MAX];
	const char *type = strstr(line, " - ");
	const char *target;
	const char *fault;
	bool device;
	bool terminals;

	if (type == NULL)
		return fail(failure, STEP_PIVOT, EBADMSG, "mount audit: a line without a type");
	device = strncmp(type + 3, "devtmpfs ", 9) == 0;
	terminals = strncmp(type + 3, "devpts ", 7) == 0;
	for (size_t i = 0; i < 6; i++) {
		fields[i] = strtok_r(i == 0 ? line : NULL, " ", &rest);
		if (fields[i] == NULL)
			return fail(failure, STEP_PIVOT, EBADMSG, "mount audit: a short line");
	}
	target = fields[4];
	if (plan_uses_gvisor(plan)) {
		if (!served(plan, target, inside, sizeof(inside)))
			return 0;
		target = inside;
	}
	*seen = true;
	device = device && strcmp(fields[3], "/") != 0 &&
		 (below(target, "/dev") || below(target, "/proc"));
	terminals = terminals && strcmp(fields[3], "/") == 0 && planned_terminals(plan, target);
	fault = describe_fault(plan, target, fields[5], device, terminals);
	return fault == NULL ? 0
			     : fail(failure, STEP_PIVOT, EPERM, "mount audit: %s %s (%s)", target,
				    fault, fields[5]);
}

int mount_check_table(const struct plan *plan, char *table, struct failure *failure)
{
	char *rest = NULL;
	int result = 0;
	bool seen = false;

	for (char *line = strtok_r(table, "\n", &rest); line != NULL && result == 0;
	     line = strtok_r(NULL, "\n", &rest))
		result = audit_line(plan, line, &seen, failure);
	if (result == 0 && !seen)
		return fail(failure, STEP_PIVOT, ENOENT, "mount audit: no mount of the new root");
	return result;
}

int mount_check(const struct plan *plan, struct failure *failure)
{
	char *text;
	int result;

	if (!plan->audit)
		return 0;
	text = mount_table_text();
	if (text == NULL)
		return fail(failure, STEP_PIVOT, errno, "mount audit: read /proc/self/mountinfo");
	result = mount_check_table(plan, text, failure);
	free(text);
	return result;
}
