#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "printable.h"

/* How many of the files that were left out, and of those that failed, are named. */
#define NAMED_MAX 20
#define NAME_SHOWN 512
/* ms between two updates of the progress line. */
#define INTERVAL 200

/* In one call: two processes write to standard error. */
static void say(struct report *report, const char *text)
{
	char line[2 * NAME_SHOWN];
	int length = snprintf(line, sizeof(line), "%snucleus: %s\n",
			      report->line_open ? "\r\033[K" : "", text);

	report->line_open = false;
	if (length >= (int)sizeof(line)) {
		length = sizeof(line) - 1;
		line[length - 1] = '\n';
	}
	(void)!write(STDERR_FILENO, line, (size_t)length);
}

void report_left_out(struct report *report, const char *name, const char *format, ...)
{
	char shown[NAME_SHOWN];
	char why[NAME_SHOWN / 2];
	char safe[NAME_SHOWN / 2];
	char line[NAME_SHOWN + sizeof(safe) + 32];
	va_list values;

	if (++report->left_out > NAMED_MAX)
		return;
	(void)printable(shown, sizeof(shown), name, strlen(name));
	va_start(values, format);
	(void)vsnprintf(why, sizeof(why), format, values);
	va_end(values);
	(void)printable(safe, sizeof(safe), why, strlen(why));
	(void)snprintf(line, sizeof(line), "left out: '%s': %s", shown, safe);
	say(report, line);
}

void report_failed(struct report *report, const char *name, const char *what, int error)
{
	char shown[NAME_SHOWN];
	char line[NAME_SHOWN + 256];

	if (++report->failed > NAMED_MAX)
		return;
	(void)printable(shown, sizeof(shown), name, strlen(name));
	(void)snprintf(line, sizeof(line), "can't %s '%s': %s", what, shown,
		       error == ELOOP    ? "a symbolic link is there, and links are not followed"
		       : error == ESTALE ? "it changed while it was read"
					 : strerror(error));
	say(report, line);
}

void report_fatal(struct report *report, const char *format, ...)
{
	char text[NAME_SHOWN];
	char safe[NAME_SHOWN + 16];
	va_list values;

	report->failed++;
	va_start(values, format);
	(void)vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	(void)printable(safe, sizeof(safe), text, strlen(text));
	say(report, safe);
}

static void amount(const struct report *report, char *text, size_t size)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t tenths = report->bytes < UINT64_MAX / 10 ? report->bytes * 10 : UINT64_MAX;
	size_t unit = 0;

	while (tenths >= 10240 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		tenths /= 1024;
		unit++;
	}
	if (unit == 0)
		(void)snprintf(text, size, "%llu bytes", (unsigned long long)report->bytes);
	else
		(void)snprintf(text, size, "%llu.%llu %s", (unsigned long long)tenths / 10,
			       (unsigned long long)tenths % 10, units[unit]);
}

static void show_progress(struct report *report)
{
	struct timespec now;
	int64_t ms;
	char size[48];
	char line[128];
	int length;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (report->shown_at == 0)
		report->shown_at = ms;
	if (ms - report->shown_at < INTERVAL)
		return;
	report->shown_at = ms;
	amount(report, size, sizeof(size));
	length = snprintf(line, sizeof(line), "\r\033[K%llu files, %s",
			  (unsigned long long)report->files, size);
	(void)!write(STDERR_FILENO, line, (size_t)length);
	report->line_open = true;
}

void report_file(struct report *report, const char *name)
{
	char shown[NAME_SHOWN];

	report->files++;
	if (report->progress == PROGRESS_TERMINAL)
		show_progress(report);
	if (report->progress != PROGRESS_NAMES)
		return;
	(void)printable(shown, sizeof(shown) - 1, name, strlen(name));
	memcpy(shown + strlen(shown), "\n", 2);
	(void)!write(STDERR_FILENO, shown, strlen(shown));
}

void report_bytes(struct report *report, size_t length)
{
	report->bytes += length;
	if (report->progress == PROGRESS_TERMINAL)
		show_progress(report);
}

static void report_unnamed(struct report *report, uint64_t count, const char *what)
{
	char line[128];

	if (count <= NAMED_MAX)
		return;
	(void)snprintf(line, sizeof(line), "%llu more %s", (unsigned long long)(count - NAMED_MAX),
		       what);
	say(report, line);
}

void report_end(struct report *report)
{
	char size[48];
	char line[128];

	report_unnamed(report, report->left_out, "were left out");
	report_unnamed(report, report->failed, "could not be copied");
	if (report->progress == PROGRESS_NONE)
		return;
	amount(report, size, sizeof(size));
	(void)snprintf(line, sizeof(line), "copied %llu file%s, %s",
		       (unsigned long long)report->files, report->files == 1 ? "" : "s", size);
	say(report, line);
}
