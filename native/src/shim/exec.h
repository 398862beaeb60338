/* A second process inside the container, under the same confinement as the workload. */
#ifndef NUCLEUS_EXEC_H
#define NUCLEUS_EXEC_H

#include "base/wire.h"
#include "shim/connection.h"
#include "shim/enter.h"
#include "shim/shim.h"

/* How many the shim may run for itself at once, such as what signals a workload under gVisor. */
#define INTERNAL_EXECS_MAX 16

struct exec {
	struct exec *next;
	uint32_t id;
	enum connection_use use; /* whose limit it counts against; the shim's own: USE_CONTROL */
	pid_t helper;            /* forks the process inside, then leaves; 0: reaped */
	pid_t pid;               /* 0: not known yet */
	pid_t *born; /* shared with the helper, which may die before it reports the pid */
	struct source status;
	struct source notices; /* of its filter; else fd -1 */
	int listener;          /* told of by the process, not taken yet; else 0 */
	int go_fd;             /* lets it go on; else -1 */
	struct output out;
	struct output err;
	int stdin_fd;
	struct stream stream;
	struct connection *requester;
	int64_t deadline; /* CLOCK_MONOTONIC ms; 0: none */
	bool captured;
	bool copies; /* files, and cleans up when it is to end */
	bool terminal;
	bool grouped; /* it has a cgroup of its own; see exec_group.h */
	bool ending;  /* its client has left: all that it started is killed */
	bool exited;
	bool timed_out;
	bool failed;
	int exit_status;
	struct failure failure;
};

/* Starts what a REQUEST_EXEC asks for. The answer goes to the connection. */
void exec_start(struct shim *shim, struct connection *connection, struct reader *reader);
/* Runs a command inside for the shim itself, which nobody is told of. 0, or a negative errno. */
int exec_run(struct shim *shim, const struct exec_request *request);
struct exec *exec_find(struct shim *shim, uint32_t id);
/* The way to the standard input of the workload (id 0) or of an exec. NULL: there is none. */
int *exec_stdin(struct shim *shim, uint32_t id);
/* Signals its process. 0, or a negative errno. */
int exec_signal(struct shim *shim, const struct exec *exec, int number);
/* Kills it and every process that it started. */
void exec_end(struct shim *shim, struct exec *exec);
/* True when it has ended and all its output has been passed on. */
bool exec_finished(const struct exec *exec);
void send_exec_exited(struct connection *connection, const struct exec *exec);
/* Reaps processes that ended, and tells who asked for them. Frees nothing. */
void execs_reap(struct shim *shim);
/* Whether output of one that has a client waits for that. */
bool execs_busy(const struct shim *shim);
/* Whether a process requested on this connection still runs. */
bool execs_wanted(const struct shim *shim, const struct connection *connection);
void execs_forget(struct shim *shim, const struct connection *connection);

#endif
