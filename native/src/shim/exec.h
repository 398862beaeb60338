/* Execs: further processes inside the container, under the same confinement as the workload. */
#ifndef NUCLEUS_EXEC_H
#define NUCLEUS_EXEC_H

#include "base/wire.h"
#include "shim/connection.h"
#include "shim/enter.h"
#include "shim/shim.h"

/* Maximum number of concurrent processes of the shim's own, such as those that signal a workload
 * under gVisor. */
#define INTERNAL_EXECS_MAX 16

struct exec {
	struct exec *next;
	uint32_t id;
	enum connection_use use; /* limit that it counts against; the shim's own: USE_CONTROL */
	pid_t helper;            /* forks the process inside, then exits; 0: reaped */
	pid_t pid;               /* 0: not known yet */
	pid_t *born; /* shared with the helper, which may die before it reports the pid */
	struct source status;
	struct source notices; /* seccomp listener; else fd -1 */
	int listener;          /* reported by the process, not yet fetched; else 0 */
	int go_fd;             /* a byte written to it resumes the process; else -1 */
	struct output out;
	struct output err;
	int stdin_fd;
	struct stream stream;
	struct connection *requester;
	int64_t deadline; /* CLOCK_MONOTONIC ms; 0: none */
	bool captured;
	bool copies; /* copies files, and cleans up on SIGTERM */
	bool terminal;
	bool grouped; /* it has its own cgroup; see exec_group.h */
	bool ending;  /* its client is gone: every process that it started is being killed */
	bool exited;
	bool timed_out;
	bool failed;
	int exit_status;
	struct failure failure;
};

/* Serves a REQUEST_EXEC. The answer is sent to the connection. */
void exec_start(struct shim *shim, struct connection *connection, struct reader *reader);
/* Runs a command inside for the shim itself, without reporting it to a client. 0, or a negative
 * errno. */
int exec_run(struct shim *shim, const struct exec_request *request);
struct exec *exec_find(struct shim *shim, uint32_t id);
/* The descriptor of the standard input of the workload (id 0) or of an exec. NULL: there is no such
 * exec. */
int *exec_stdin(struct shim *shim, uint32_t id);
/* Signals the process of an exec, or its process group. 0, or a negative errno. */
int exec_signal(struct shim *shim, const struct exec *exec, int number, bool group);
/* Kills an exec and every process that it started. */
void exec_end(struct shim *shim, struct exec *exec);
/* Whether the exec has exited and all its output has been moved on. */
bool exec_finished(const struct exec *exec);
void send_exec_exited(struct connection *connection, const struct exec *exec);
/* Reaps exited processes and reports them to their requesters. Frees nothing. */
void execs_reap(struct shim *shim);
/* Whether an uncaptured exec still runs or has unread output. */
bool execs_busy(const struct shim *shim);
/* Whether a process requested on this connection still runs. */
bool execs_wanted(const struct shim *shim, const struct connection *connection);
void execs_forget(struct shim *shim, const struct connection *connection);

#endif
