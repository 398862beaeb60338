/* The state of a shim, the process that supervises one container. A shim outlives the manager and
 * the spawner, logs the container's output, serves requests on its own socket, and writes an exit
 * record. It has one thread and one poll(2) loop. */
#ifndef NUCLEUS_SHIM_H
#define NUCLEUS_SHIM_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/stream.h"
#include "launch/cgroup.h"
#include "launch/handles.h"
#include "launch/launch.h"
#include "launch/plan.h"

struct shim;
struct connection;
struct exec;
struct denial;
struct loop_member;
struct ticket;
struct trace;

/* A descriptor that the loop polls; skipped while `events` is 0. */
struct source {
	int fd;
	short events;
	void (*ready)(struct shim *shim, struct source *source, short revents);
};

/* The read end of a process's output, a pipe or a terminal's master. The data goes to the attached
 * clients and to a log. */
struct output {
	struct source source;
	enum stream_tag tag;
	struct stream *stream;
	bool is_pipe;        /* not a terminal */
	bool awaited;        /* a client will attach: nothing is read until then */
	uint64_t resumes_at; /* when reading resumes (CLOCK_MONOTONIC ns), or 0 */
	int64_t moved_at;    /* last progress (CLOCK_MONOTONIC ms), once `left` is known */
	int64_t left;        /* bytes to its end once that is known, else -1 */
	uint64_t burst_at;   /* when the burst began (CLOCK_MONOTONIC ns) */
	size_t burst;        /* bytes moved to a client since then */
	char *pending;       /* read but not yet written to every client */
	size_t length;
};

/* The running hook and its phase; see hooks.h. */
struct hook_run {
	/* Called after the create-runtime hooks; with a failure if the launch is to be aborted. */
	void (*on_complete)(struct shim *shim, const struct failure *failure);
	struct source process;       /* the hook's pidfd */
	struct source stderr_source; /* its standard error */
	uint8_t phase;               /* enum hook_phase */
	uint8_t queued;              /* the phase to run next */
	size_t next;                 /* index in the plan's hooks */
	pid_t pid;                   /* 0: none is running */
	bool timed_out;
	int64_t kill_at;
	char stderr_tail[512]; /* the end of its standard error */
	size_t length;
};

/* The workload's state, as reported through sd_notify(3); see sdnotify.h. */
struct service_state {
	bool ready;
	bool stopping;
	char status[200];
	int budget; /* datagrams that may still be forwarded in this window */
	int64_t window_ends;
};

/* Reports from PID 1; see init_report.h. */
struct init_report {
	struct source source; /* fd -1: PID 1 is not our init */
	bool ended;
	int status;        /* the workload's wait(2) status */
	uint32_t reaped;   /* orphans not yet reported to subscribers */
	uint64_t signals;  /* forwarded, not yet reported: bit n - 1 for signal n */
	int64_t listen_at; /* when reading resumes after a pause (CLOCK_MONOTONIC ms) */
};

struct shim {
	struct loop_member *members; /* of the loop */
	struct plan plan;
	struct cgroup cgroup;
	uid_t owner; /* owns the logs and may connect */
	gid_t group;
	int directory_fd;
	struct source signals;
	struct source listener;
	struct source pressure; /* memory pressure, while a soft limit can be lifted; else fd -1 */
	struct source status;   /* of the launch; fd -1 once it has finished */
	/* Signals a process under gVisor: the workload (id 0) or an exec. */
	int (*signal_inside)(struct shim *shim, uint32_t id, int number);
	/* Called once runsc has reported that the workload runs. */
	void (*gvisor_started)(struct shim *shim);
	struct source notify; /* the workload's sd_notify(3) messages; else fd -1 */
	struct service_state state;
	struct init_report init;
	struct source notices; /* seccomp listener of the workload; else fd -1 */
	struct denial *denials;
	size_t denial_count;
	uint64_t denials_dropped; /* not in the table, which was full */
	struct trace *trace;
	int terminal_fd; /* receives the terminal's master from the container; else -1 */
	int go_fd;       /* a byte written to it resumes the launching child; else -1 */
	struct hook_run hooks;
	struct output out;
	struct output err;
	struct stream log;
	int stdin_fd;
	pid_t pid;
	int pidfd;
	int netns_fd;           /* created in advance, or -1 */
	struct handles handles; /* for entering the container; set only without root */
	pid_t guardian;         /* see guardian.h; 0: none is needed */
	pid_t receiver;         /* process that reads the notify socket on older kernels; else 0 */
	int mounts_fd;          /* keeps the mount namespace until the exit has been reported */
	uint64_t requested_at;  /* time of the request (CLOCK_MONOTONIC ns) */
	struct launch_report report;
	bool created; /* launched up to the command, which is held */
	bool started;
	bool frozen;
	uint64_t started_at; /* CLOCK_REALTIME ns */
	bool exited;
	bool log_complete;   /* nothing more will be logged: readers stop at its end */
	int exit_status;     /* wait(2) status */
	int reported_signal; /* the signal that SIGKILL was sent for; see shim_signal_command */
	bool out_of_memory;  /* the kernel killed a process at the memory limit */
	uint64_t exited_at;
	int64_t kill_at;      /* when a stop escalates to SIGKILL (CLOCK_MONOTONIC ms); 0: never */
	int64_t linger_until; /* when to stop waiting for readers */
	struct connection *connections;
	const struct connection_handler *handler; /* serves their requests */
	struct ticket *tickets;
	struct exec *execs;
	uint32_t next_exec;
};

#endif
