#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"

#define LONGEST_TABLE (4U << 20)

/* Whether a list of options, separated by commas, has this one. */
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

		/* What is mounted below a volume came with it. */
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

/* What is wrong with a mount, or NULL. Nodes of devices and covers of files are /dev/null and
 * its like, one file each: they are there to be written to. */
static const char *loose(const struct plan *plan, const char *target, const char *options,
			 bool device)
{
	if (!has(options, "nosuid") && !device)
		return "honours set-user-ID programs";
	if (!has(options, "nodev") && !device && strcmp(target, "/dev") != 0)
		return "has devices";
	if (strcmp(target, "/proc") == 0 && !has(options, "noexec"))
		return "runs programs";
	if (!has(options, "ro") && !device && !may_be_written(plan, target))
		return "can be written to";
	return NULL;
}

/* Whether the runtime of a sandbox will serve what is mounted there: then makes it the path
 * inside. */
static bool served(const struct plan *plan, char **target)
{
	static char root[] = "/";
	size_t length = strlen(plan->staging);

	if (strncmp(*target, plan->staging, length) != 0)
		return false;
	*target += length;
	if (**target == '\0')
		*target = root;
	return **target == '/';
}

/* One line of /proc/self/mountinfo: id, parent, device, root, target, options, ... - type. */
static int audit_line(const struct plan *plan, char *line, bool *seen, struct failure *failure)
{
	char *rest = NULL;
	char *fields[6];
	const char *type = strstr(line, " - ");
	const char *fault;
	bool device;

	if (type == NULL)
		return fail(failure, STEP_PIVOT, EBADMSG, "mount audit: a line without a type");
	device = strncmp(type + 3, "devtmpfs ", 9) == 0;
	for (size_t i = 0; i < 6; i++) {
		fields[i] = strtok_r(i == 0 ? line : NULL, " ", &rest);
		if (fields[i] == NULL)
			return fail(failure, STEP_PIVOT, EBADMSG, "mount audit: a short line");
	}
	if (plan_is_sandboxed(plan) && !served(plan, &fields[4]))
		return 0;
	*seen = true;
	device = device && strcmp(fields[3], "/") != 0 &&
		 (below(fields[4], "/dev") || below(fields[4], "/proc"));
	fault = loose(plan, fields[4], fields[5], device);
	return fault == NULL ? 0
			     : fail(failure, STEP_PIVOT, EPERM, "mount audit: %s %s (%s)",
				    fields[4], fault, fields[5]);
}

static char *read_table(void)
{
	owned_fd fd = openat(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(LONGEST_TABLE);
	size_t length = 0;
	ssize_t got = text == NULL ? -1 : 1;

	while (got > 0 && length < LONGEST_TABLE - 1) {
		got = read(fd, text + length, LONGEST_TABLE - 1 - length);
		length += got > 0 ? (size_t)got : 0;
	}
	if (got != 0) {
		free(text);
		return NULL;
	}
	text[length] = '\0';
	return text;
}

int audit_table(const struct plan *plan, char *table, struct failure *failure)
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

int audit_mounts(const struct plan *plan, struct failure *failure)
{
	char *text;
	int result;

	if (!plan->audit)
		return 0;
	text = read_table();
	if (text == NULL)
		return fail(failure, STEP_PIVOT, errno, "mount audit: read /proc/self/mountinfo");
	result = audit_table(plan, text, failure);
	free(text);
	return result;
}
