/* Starts a process inside a running container, under its confinement. */
#ifndef NUCLEUS_ENTER_H
#define NUCLEUS_ENTER_H

#include "base/failure.h"
#include "shim/shim.h"

/* A report on an exec's status pipe: the pid from the helper, or a failure from the helper or the
 * process. The pipe reaches end of file when the command runs. */
struct exec_report {
	pid_t pid;
	int listener; /* seccomp listener: the process's descriptor number; 0: none */
	struct failure failure;
};

/* A decoded request. */
struct exec_request {
	bool capture;
	bool copies; /* copies files and runs no command; argv is that of copy_run */
	bool keep_stdin;
	const uint8_t *ticket; /* of the client that will attach; NULL: none */
	bool terminal;         /* the standard streams are a terminal */
	struct terminal_size size;
	bool listen;    /* to calls that the filter denies */
	int stdio_fd;   /* standard input and output; -1: pipes */
	int process_fd; /* the process description for runsc; -1: none */
	bool has_user;  /* runs as the user below; else as the workload's */
	uint32_t uid;
	uint32_t gid;
	uint32_t *groups;
	size_t group_count;
	uint32_t timeout;    /* ms, 0: none */
	const char *workdir; /* "": the workload's */
	char **argv;
	char **envp; /* merged with the workload's once read */
	void *arena;
};

struct exec_pipes {
	int in[2];
	int out[2];
	int err[2];
	int status[2];
	int group_fd; /* the exec's own cgroup; see exec_group.h; -1: none */
	int go[2];    /* the process waits here until its listener has been fetched */
	pid_t *born;  /* the process's pid once it is forked, in memory shared with the helper */
};

/* The plan that confines the process: the container's, with the request's user if it has one. */
struct plan enter_plan(const struct shim *shim, const struct exec_request *request);
/* Forks a helper, which forks the process and reports its pid through the status pipe. Returns the
 * helper's pid, or a negative errno. */
long enter_fork(const struct shim *shim, const struct exec_request *request,
		struct exec_pipes *pipes);

#endif
