/* How a process gets inside a running container, and under its confinement. */
#ifndef NUCLEUS_ENTER_H
#define NUCLEUS_ENTER_H

#include "base/failure.h"
#include "shim/shim.h"

/* What comes through an exec's status pipe: the pid from the helper; a failure from
 * whoever met one; the end when the command runs. */
struct exec_report {
	pid_t pid;
	int listener; /* of its filter, among the descriptors of the process; 0: none */
	struct failure failure;
};

/* A request, read. */
struct exec_request {
	bool capture;
	bool copies; /* files, itself: its words are those of copy_run */
	bool keep_stdin;
	const uint8_t *ticket; /* of the client that its streams are for; NULL: none */
	bool terminal;         /* its standard streams are one */
	struct terminal_size size;
	bool listen;    /* to what its filter refuses */
	int stdio_fd;   /* its standard input and output; -1: pipes */
	int process_fd; /* its description for runsc; -1: none */
	bool has_user;  /* one other than the workload's */
	uint32_t uid;
	uint32_t gid;
	uint32_t *groups;
	size_t group_count;
	uint32_t timeout;    /* ms, 0: none */
	const char *workdir; /* "": the workload's */
	char **argv;
	char **envp; /* besides the workload's, when read */
	void *arena;
};

struct exec_pipes {
	int in[2];
	int out[2];
	int err[2];
	int status[2];
	int group_fd; /* joined besides the container's cgroups; see exec_group.h; -1: none */
	int go[2];    /* the process waits here until its listener has been taken */
	pid_t *born;  /* the process's pid from its fork on, in memory that the helper shares */
};

/* The plan that the process is confined by: the container's, with its own user if it has one. */
struct plan enter_plan(const struct shim *shim, const struct exec_request *request);
/* Forks a helper that forks the process: first the helper's pid is known, and through the
 * status pipe the process's. Returns the helper's pid, or a negative errno. */
long enter_fork(const struct shim *shim, const struct exec_request *request,
		struct exec_pipes *pipes);

#endif
