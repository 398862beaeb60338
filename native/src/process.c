#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "descriptors.h"

static ssize_t read_proc(pid_t pid, const char *file, char *buffer, size_t size)
{
	char path[64];
	owned_fd fd = -1;
	ssize_t got;

	if (pid == 0)
		(void)snprintf(path, sizeof(path), "/proc/self/%s", file);
	else
		(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, buffer, size - 1);
	if (got >= 0)
		buffer[got] = '\0';
	return got;
}

/* A number of /proc/PID/stat, by the field's own number; 0 when it can't be read. */
static uint64_t stat_field(pid_t pid, int wanted)
{
	char text[1024];
	char *at;

	if (read_proc(pid, "stat", text, sizeof(text)) <= 0)
		return 0;
	/* The name in field 2 may hold spaces and parentheses: count from the last ')'. */
	at = strrchr(text, ')');
	for (int field = 2; at != NULL && field < wanted; field++) {
		at = strchr(at, ' ');
		at = at == NULL ? NULL : at + 1;
	}
	return at == NULL ? 0 : strtoull(at, NULL, 10);
}

uint64_t process_start_ticks(pid_t pid)
{
	return stat_field(pid, 22);
}

pid_t process_parent(pid_t pid)
{
	return (pid_t)stat_field(pid, 4);
}

bool process_name(pid_t pid, char *name, size_t size)
{
	ssize_t got = read_proc(pid, "comm", name, size);

	if (got <= 0)
		return false;
	if (name[got - 1] == '\n')
		name[got - 1] = '\0';
	return true;
}

bool process_is_of(pid_t pid, uid_t uid)
{
	char text[4096];
	unsigned long real;
	unsigned long saved;
	char *at;

	if (read_proc(pid, "status", text, sizeof(text)) <= 0)
		return false;
	/* Real, effective, saved, of the file system; the name above has no line feed. */
	at = strstr(text, "\nUid:");
	if (at == NULL)
		return false;
	real = strtoul(at + 5, &at, 10);
	(void)strtoul(at, &at, 10);
	saved = strtoul(at, &at, 10);
	return real == uid || saved == uid;
}

bool process_ignores(pid_t pid, int signal)
{
	char text[4096];
	const char *caught;

	if (signal == SIGKILL || read_proc(pid, "status", text, sizeof(text)) <= 0)
		return false;
	caught = strstr(text, "\nSigCgt:\t");
	if (caught == NULL)
		return false;
	return (strtoull(caught + strlen("\nSigCgt:\t"), NULL, 16) >> (signal - 1) & 1U) == 0;
}
