#include "terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static volatile sig_atomic_t is_raw;

static void put_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

size_t terminal_describe(uint8_t *payload, size_t size)
{
	struct winsize window = { 0 };
	const char *kind = getenv("TERM");
	size_t length = kind == NULL ? 0 : strnlen(kind, size - 4);

	if (!isatty(STDIN_FILENO))
		window.ws_row = 0;
	else if (ioctl(STDIN_FILENO, TIOCGWINSZ, &window) < 0 || window.ws_row == 0)
		window = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	put_u16(payload, window.ws_row);
	put_u16(payload + 2, window.ws_col);
	if (length > 0)
		memcpy(payload + 4, kind, length);
	return 4 + length;
}

static void restore_and_reraise(int number)
{
	/* In the background, the terminal is the shell's again. */
	if (tcgetpgrp(STDIN_FILENO) == getpgrp())
		terminal_restore();
	(void)raise(number);
}

/* A client that crashes or is aborted must not leave the terminal in raw mode. */
static void restore_on_crash(void)
{
	static const int crash_signals[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL,
					     SIGSEGV, SIGSYS, SIGTRAP };
	const struct sigaction action = { .sa_handler = restore_and_reraise,
					  .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };

	for (size_t i = 0; i < sizeof(crash_signals) / sizeof(crash_signals[0]); i++) {
		struct sigaction current;

		if (sigaction(crash_signals[i], NULL, &current) == 0 &&
		    current.sa_handler == SIG_DFL)
			(void)sigaction(crash_signals[i], &action, NULL);
	}
}

void terminal_give(void)
{
	struct termios raw;

	if (!is_raw && tcgetattr(STDIN_FILENO, &before) < 0)
		return;
	restore_on_crash();
	raw = before;
	cfmakeraw(&raw);
	/* Before the change, for a crash between the two. */
	is_raw = 1;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		is_raw = 0;
}

void terminal_restore(void)
{
	if (is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	is_raw = 0;
}

int terminal_reopen(int fd)
{
	char path[32];
	int opened;

	/* A pty's master passes isatty(3) as well, but opening it again makes another pty. Writes
	 * to it may block. */
	if (!isatty(fd) || ptsname_r(fd, path, sizeof(path)) == 0)
		return fd;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	opened = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	/* It may be another user's, as after su(1). */
	if (opened < 0 && tcgetsid(fd) == getsid(0))
		opened = open("/dev/tty", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return opened < 0 ? fd : opened;
}
