/* Code that the workload writes itself, run from each place that it may write to: started by name,
 * loaded by the dynamic loader, and mapped twice, once to write it and once to run it. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempts.h"

#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define LINKED_PROGRAM "/usr/bin/cat"
#define PAGE 4096
/* Exit codes of a child: the loader could not be started; the loader refused (ld.so(8)). */
#define NO_LOADER 126
#define LOADER_REFUSED 127

/* ELF header, one loadable segment, and the code of exit(0). */
static const unsigned char program[] = {
	0x7f, 'E',  'L',  'F',  2,    1,    1, 0,    0,    0,    0, 0,    0, 0, 0,    0,    2,
	0,    0x3e, 0,    1,    0,    0,    0, 0x78, 0,    0x40, 0, 0,    0, 0, 0,    0x40, 0,
	0,    0,    0,    0,    0,    0,    0, 0,    0,    0,    0, 0,    0, 0, 0,    0,    0,
	0,    0x40, 0,    0x38, 0,    1,    0, 0,    0,    0,    0, 0,    0, 1, 0,    0,    0,
	5,    0,    0,    0,    0,    0,    0, 0,    0,    0,    0, 0,    0, 0, 0x40, 0,    0,
	0,    0,    0,    0,    0,    0x40, 0, 0,    0,    0,    0, 0x81, 0, 0, 0,    0,    0,
	0,    0,    0x81, 0,    0,    0,    0, 0,    0,    0,    0, 0x10, 0, 0, 0,    0,    0,
	0,    0x31, 0xff, 0xb8, 0x3c, 0,    0, 0,    0x0f, 0x05,
};

/* Returns 42 (x86-64). */
static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };

static int place_file(char *path, size_t size, const char *directory, const char *name)
{
	(void)snprintf(path, size, "%s/%s", directory, name);
	return open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0755);
}

/* The exit code of a command, or -1. SIGSEGV counts as the loader's refusal: gVisor finds out late,
 * when the code runs, that the host maps a file without execution. */
static int run_quietly(const char *path, char *const argv[])
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		(void)execv(path, argv);
		_exit(NO_LOADER);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSEGV ? LOADER_REFUSED : -1;
	return WEXITSTATUS(status);
}

static int start_by_name(const char *directory)
{
	char path[256];
	int fd = place_file(path, sizeof(path), directory, "program");

	if (fd < 0)
		return errno == EACCES ? ENOEXEC : errno;
	if (write(fd, program, sizeof(program)) != (ssize_t)sizeof(program))
		return ENOEXEC;
	(void)close(fd);
	(void)execl(path, path, (char *)NULL);
	return errno;
}

static int start_by_loader(const char *directory)
{
	char path[256];
	char *argv[] = { (char *)(uintptr_t)LOADER, path, (char *)(uintptr_t) "/dev/null", NULL };
	int from = open(LINKED_PROGRAM, O_RDONLY | O_CLOEXEC);
	int fd = place_file(path, sizeof(path), directory, "linked");
	struct stat status;
	int result;

	if (from < 0 || fd < 0 || fstat(from, &status) < 0 ||
	    sendfile(fd, from, NULL, (size_t)status.st_size) != status.st_size)
		return ENOEXEC;
	(void)close(fd);
	result = run_quietly(LOADER, argv);
	if (result == 0)
		return 0;
	return result == LOADER_REFUSED ? EACCES : ENOEXEC;
}

static int map_twice(const char *directory)
{
	char path[256];
	int fd = place_file(path, sizeof(path), directory, "code");
	void *to_write;
	void *to_run;
	int (*function)(void);

	if (fd < 0 || ftruncate(fd, PAGE) < 0)
		return ENOEXEC;
	to_write = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (to_write == MAP_FAILED)
		return ENOEXEC;
	to_run = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (to_run == MAP_FAILED)
		return errno;
	memcpy(to_write, code, sizeof(code));
	memcpy(&function, &to_run, sizeof(function));
	return function() == 42 ? 0 : ENOEXEC;
}

#define FROM(name, directory)                                                                      \
	static int start_in_##name(void)                                                           \
	{                                                                                          \
		return start_by_name(directory);                                                   \
	}                                                                                          \
	static int load_in_##name(void)                                                            \
	{                                                                                          \
		return start_by_loader(directory);                                                 \
	}                                                                                          \
	static int map_in_##name(void)                                                             \
	{                                                                                          \
		return map_twice(directory);                                                       \
	}
#define ATTEMPTS(name, where)                                                                      \
	ATTEMPT("start a program in " where, start_in_##name, DENIED),                             \
		ATTEMPT("start a program in " where " by the loader", load_in_##name, DENIED),     \
		ATTEMPT("run code mapped twice from " where, map_in_##name, DENIED)

FROM(tmp, "/tmp")
FROM(shared_memory, "/dev/shm")
FROM(home, "/home/agent")
FROM(tmpfs, "/scratch")
FROM(volume, "/data")
FROM(volume_below_programs, "/opt/data")
FROM(workspace, "/workspace")

const struct attempt execution_attempts[] = {
	ATTEMPTS(tmp, "/tmp"),
	ATTEMPTS(shared_memory, "/dev/shm"),
	ATTEMPTS(home, "its home"),
	ATTEMPTS(tmpfs, "a tmpfs"),
	ATTEMPTS(volume, "a volume"),
	ATTEMPTS(volume_below_programs, "a volume in /opt"),
	ATTEMPTS(workspace, "a workspace"),
};
const size_t execution_attempt_count = sizeof(execution_attempts) / sizeof(execution_attempts[0]);
