#include "base/title.h"

#include <string.h>
#include <sys/prctl.h>

static char *line;
static size_t room;

void title_open(int argc, char *const argv[])
{
	if (argc < 1)
		return;
	/* The kernel stores the arguments one after another (proc_pid_cmdline(5)). */
	line = argv[0];
	room = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) - line);
}

void title_set(const char *title)
{
	(void)prctl(PR_SET_NAME, title);
	if (line == NULL)
		return;
	memset(line, 0, room);
	memcpy(line, title, strnlen(title, room));
}
