#include "base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/descriptors.h"

#define LOOKS 4

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

/* A numeric field of /proc/PID/stat, by its number; 0 if it can't be read. */
static uint64_t stat_field(pid_t pid, int wanted)
{
	char text[1024];
	char *at;

	if (read_proc(pid, "stat", text, sizeof(text)) <= 0)
		return 0;
	/* The name in field 2 may contain spaces and parentheses: count from the last ')'. */
	at = strrchr(text, ')');
	for (int field = 2; at != NULL && field < wanted; field++) {
		at = strchr(at, ' ');
		at = at == NULL ? NULL : at + 1;
	}
	return at == NULL ? UINT64_MAX : strtoull(at, NULL, 10);
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
	/* Real, effective, saved, and file system user ID; the name above contains no line feed. */
	at = strstr(text, "\nUid:");
	if (at == NULL)
		return false;
	real = strtoul(at + 5, &at, 10);
	(void)strtoul(at, &at, 10);
	saved = strtoul(at, &at, 10);
	return real == uid || saved == uid;
}

/* The set of signals in one line of /proc/PID/status: bit n - 1 for signal n. All signals if the
 * line is missing. */
static uint64_t signal_set(const char *status, const char *field)
{
	const char *at = strstr(status, field);

	return at == NULL ? UINT64_MAX : strtoull(at + strlen(field), NULL, 16);
}

static bool ends_by_default_now(pid_t pid, int signal)
{
	char text[4096];
	uint64_t kept;

	if (read_proc(pid, "status", text, sizeof(text)) <= 0)
		return false;
	kept = signal_set(text, "\nSigBlk:\t") | signal_set(text, "\nSigIgn:\t") |
	       signal_set(text, "\nSigCgt:\t");
	return (kept >> (signal - 1) & 1U) == 0;
}

/* Whether it may be in sigwaitinfo(2) or the like, during which /proc shows the signals that it
 * waits for as neither blocked nor handled. */
static bool may_wait_for_signals(pid_t pid)
{
	char text[256];

	return read_proc(pid, "syscall", text, sizeof(text)) <= 0 ||
	       strtol(text, NULL, 10) == SYS_rt_sigtimedwait;
}

bool process_ends_by_default(pid_t pid, int signal)
{
	/* These do not terminate a process, or can be neither handled nor ignored (signal(7)). */
	if (signal < 1 || signal >= _NSIG || signal == SIGCHLD || signal == SIGCONT ||
	    signal == SIGURG || signal == SIGWINCH || signal == SIGSTOP || signal == SIGTSTP ||
	    signal == SIGTTIN || signal == SIGTTOU || signal == SIGKILL)
		return false;
	/* The two files are read one after the other. A process that waits for signals in a loop
	 * may be inside that call at the first and outside at the second, but not every time. */
	for (int look = 0; look < LOOKS; look++) {
		if (!ends_by_default_now(pid, signal) || may_wait_for_signals(pid))
			return false;
	}
	return true;
}
